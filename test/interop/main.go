// Command interop checks Countersign's evidence with other people's code: Go's standard library, and the tlog and note packages
// of the Go checksum database. It shares nothing with the code under test but docs/formats.md.
//
//	interop CASE.json…
//
// Each case is an object with a "kind". One line of JSON answers each: {"case", "ok", "error"}.
// Exit status: 0 when all hold, 3 when one does not, 2 when it was called wrongly.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// checks are the kinds of cases there are.
var checks = map[string]func([]byte, string) error{
	"receipt":     checkReceipt,
	"history":     checkHistory,
	"checkpoint":  checkCheckpoint,
	"consistency": checkConsistency,
	"tiles":       checkTiles,
	"permit":      checkPermit,
	"commitment":  checkCommitment,
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: interop CASE.json…")
		os.Exit(2)
	}
	status := 0
	out := json.NewEncoder(os.Stdout)
	for _, file := range os.Args[1:] {
		line := map[string]any{"case": filepath.Base(file), "ok": true}
		if err := check(file); err != nil {
			line["ok"], line["error"] = false, err.Error()
			status = 3
		}
		if err := out.Encode(line); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(status)
}

func check(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var head struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	run, ok := checks[head.Kind]
	if !ok {
		return fmt.Errorf("a case of the unknown kind %q", head.Kind)
	}
	return run(data, filepath.Dir(file))
}
