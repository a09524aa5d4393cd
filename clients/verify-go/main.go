// Command countersign-verify checks receipts of Countersign offline. It shares no code with Countersign: Go's standard library, the tlog and
// note packages of the Go checksum database, and docs/formats.md.
//
//	countersign-verify -key record-keys.jwks.json -log-key log.vkey RECEIPT.json…
//
// Keys come from elsewhere than the receipts. Exit status: 0 when all hold, 3 when one does not, 2 when it was called wrongly.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

const (
	exitOK      = 0
	exitUsage   = 2
	exitRefused = 3
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "cases" {
		os.Exit(runCases(os.Args[2:]))
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	flags := flag.NewFlagSet("countersign-verify", flag.ContinueOnError)
	keyFile := flags.String("key", "", "file of the record keys, a JWKS as `countersign keys export` writes")
	logKey := flags.String("log-key", "", "the log's vkey, or a file that holds one")
	lines := flags.Bool("lines", false, "read receipts from standard input, each a line of base64, and answer each with ok or no")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	keys, logKeys, err := readKeys(*keyFile, *logKey)
	if err != nil {
		fmt.Fprintln(os.Stderr, "countersign-verify:", err)
		return exitUsage
	}
	if *lines {
		return runLines(keys, logKeys)
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return exitUsage
	}
	status := exitOK
	for _, file := range flags.Args() {
		says, err := verifyFile(file, keys, logKeys)
		if err != nil {
			fmt.Printf("%s: INVALID: %v\n", file, err)
			status = exitRefused
			continue
		}
		fmt.Printf("%s: valid\n  %s\n", file, says)
	}
	return status
}

func verifyFile(file string, keys []jwk, logKeys []string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	r, err := parseReceipt(data)
	if err != nil {
		return "", err
	}
	payload, size, err := r.verify(keys, logKeys)
	if err != nil {
		return "", err
	}
	record, err := parseRecord(payload)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(payload)
	return fmt.Sprintf("record sha256:%s, a %s of %s at %s, is entry %d of the first %d of %s",
		hex.EncodeToString(sum[:]), record.Type, record.Action, record.At, r.Log.Index, size, r.Log.Origin), nil
}

func runLines(keys []jwk, logKeys []string) int {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		answer := "no"
		if data, err := base64.StdEncoding.DecodeString(in.Text()); err == nil && holds(data, keys, logKeys) {
			answer = "ok"
		}
		fmt.Fprintln(out, answer)
	}
	return exitOK
}

func holds(data []byte, keys []jwk, logKeys []string) bool {
	r, err := parseReceipt(data)
	if err != nil {
		return false
	}
	payload, _, err := r.verify(keys, logKeys)
	if err != nil {
		return false
	}
	_, err = parseRecord(payload)
	return err == nil
}

func readKeys(keyFile, logKey string) ([]jwk, []string, error) {
	if keyFile == "" || logKey == "" {
		return nil, nil, fmt.Errorf("give -key and -log-key, from elsewhere than the receipts")
	}
	data, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, nil, err
	}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	if len(set.Keys) == 0 {
		return nil, nil, fmt.Errorf("%s holds no keys", keyFile)
	}
	text := logKey
	if file, err := os.ReadFile(logKey); err == nil {
		text = string(file)
	}
	return set.Keys, strings.Fields(text), nil
}
