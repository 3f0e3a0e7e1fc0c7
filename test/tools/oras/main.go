// Copies an image with all that refers to it or to a manifest of its index: oras <from>@<digest> <to>:<tag>, both on loopback by plain HTTP.
// ExtendedCopy as `oras cp -r` calls it, where referrers of an index's children count as the index's own, and blobs are mounted within a registry.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: oras <from>@<digest> <to>:<tag>")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, source, destination string) error {
	from, err := open(source)
	if err != nil {
		return err
	}
	to, err := open(destination)
	if err != nil {
		return err
	}
	root, err := from.Resolve(ctx, from.Reference.Reference)
	if err != nil {
		return err
	}
	below, err := listBelow(ctx, from, root)
	if err != nil {
		return err
	}
	options := oras.DefaultExtendedCopyOptions
	options.FindPredecessors = func(ctx context.Context, src content.ReadOnlyGraphStorage, one v1.Descriptor) ([]v1.Descriptor, error) {
		found, err := registry.Referrers(ctx, from, one, "")
		if err == nil && content.Equal(one, root) {
			found = append(found, below...)
		}
		return found, err
	}
	if from.Reference.Registry == to.Reference.Registry {
		options.MountFrom = func(context.Context, v1.Descriptor) ([]string, error) {
			return []string{from.Reference.Repository}, nil
		}
	}
	_, err = oras.ExtendedCopy(ctx, from, from.Reference.Reference, to, to.Reference.Reference, options)
	return err
}

// The referrers of the manifests that an index lists.
func listBelow(ctx context.Context, from *remote.Repository, root v1.Descriptor) ([]v1.Descriptor, error) {
	bytes, err := content.FetchAll(ctx, from, root)
	if err != nil {
		return nil, err
	}
	var index v1.Index
	if err := json.Unmarshal(bytes, &index); err != nil {
		return nil, err
	}
	lists := make([][]v1.Descriptor, len(index.Manifests))
	var group errgroup.Group
	for at, child := range index.Manifests {
		group.Go(func() (err error) {
			lists[at], err = registry.Referrers(ctx, from, child, "")
			return err
		})
	}
	err = group.Wait()
	var all []v1.Descriptor
	for _, list := range lists {
		all = append(all, list...)
	}
	return all, err
}

func open(image string) (*remote.Repository, error) {
	repository, err := remote.NewRepository(image)
	if err == nil {
		repository.PlainHTTP = true
		// Deleting fallback indexes that were replaced is more work, and fails where two were the same.
		repository.SkipReferrersGC = true
	}
	return repository, err
}
