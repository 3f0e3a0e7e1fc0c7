// Makes a database that Trivy reads from YAML, and packs it as Trivy's registries serve it.
//
//	trivy-db <layer.tar.gz> <metadata.json> <advisories.yaml>...
//	trivy-db dump <trivy.db>    prints what a database holds, one value a line, sorted:
//	                            bbolt lays the same content out in more than one way
package main

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	fixtures "github.com/aquasecurity/bolt-fixtures"
	bolt "go.etcd.io/bbolt"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 3 && os.Args[1] == "dump" {
		if err := dump(os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	if len(os.Args) < 4 {
		log.Fatal("usage: trivy-db <layer.tar.gz> <metadata.json> <advisories.yaml>...")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatal(err)
	}
}

func run(layer, metadata string, advisories []string) error {
	folder, err := os.MkdirTemp("", "trivy-db-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	database := filepath.Join(folder, "trivy.db")
	loader, err := fixtures.New(database, advisories)
	if err != nil {
		return err
	}
	if err := loader.Load(); err != nil {
		return err
	}
	if err := loader.Close(); err != nil {
		return err
	}
	return pack(layer, metadata, database)
}

func dump(database string) error {
	db, err := bolt.Open(database, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			return dumpBucket(string(name), bucket)
		})
	})
}

func dumpBucket(path string, bucket *bolt.Bucket) error {
	return bucket.ForEach(func(key, value []byte) error {
		if value == nil {
			return dumpBucket(path+"/"+string(key), bucket.Bucket(key))
		}
		_, err := fmt.Printf("%s/%s %s\n", path, key, value)
		return err
	})
}

func pack(layer string, files ...string) error {
	out, err := os.Create(layer)
	if err != nil {
		return err
	}
	zip, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zip)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		header := &tar.Header{
			Name:    filepath.Base(file),
			Mode:    0o644,
			Size:    int64(len(content)),
			ModTime: time.Unix(0, 0),
			Format:  tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return out.Close()
}
