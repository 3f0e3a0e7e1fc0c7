// Reads OTLP/JSON logs from standard input twice: strictly, by the protocol's own definition, where an unknown field is an error; and as the OpenTelemetry
// collector reads them. Prints what the collector saw, one JSON object a log record.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"go.opentelemetry.io/collector/pdata/plog"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal(text, &logs.LogsData{}); err != nil {
		return err
	}
	data, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, resource := range data.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if err := out.Encode(map[string]any{
					"event":      record.EventName(),
					"time":       fmt.Sprint(uint64(record.Timestamp())),
					"observed":   fmt.Sprint(uint64(record.ObservedTimestamp())),
					"severity":   record.SeverityNumber().String(),
					"body":       record.Body().AsString(),
					"scope":      scope.Scope().Name(),
					"resource":   resource.Resource().Attributes().AsRaw(),
					"attributes": record.Attributes().AsRaw(),
				}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
