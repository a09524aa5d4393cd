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

// runCases checks the cases that Countersign's own tests make: each is an object with a "kind", and one line of JSON answers each.
func runCases(files []string) int {
	status := exitOK
	out := json.NewEncoder(os.Stdout)
	for _, file := range files {
		line := map[string]any{"case": filepath.Base(file), "ok": true}
		if err := check(file); err != nil {
			line["ok"], line["error"] = false, err.Error()
			status = exitRefused
		}
		if err := out.Encode(line); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitUsage
		}
	}
	return status
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
