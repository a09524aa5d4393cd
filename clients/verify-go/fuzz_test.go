package main

import (
	"encoding/json"
	"os"
	"testing"
)

type vectors struct {
	Valid []struct {
		Trust struct {
			RecordKeys []jwk    `json:"recordKeys"`
			LogKeys    []string `json:"logKeys"`
		} `json:"trust"`
		Receipts []json.RawMessage `json:"receipts"`
	} `json:"valid"`
	Refused []struct {
		Receipt json.RawMessage `json:"receipt"`
	} `json:"refused"`
}

// FuzzReceipt holds the one promise of a verifier: whatever it is given, what it accepts is a record that the key signed. Here these are the
// records of the published vectors, so any other payload that is accepted is a forgery.
func FuzzReceipt(f *testing.F) {
	data, err := os.ReadFile("../../test/vectors/receipts.json")
	if err != nil {
		f.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		f.Fatal(err)
	}
	trust := v.Valid[0].Trust
	signed := map[string]bool{}
	for _, raw := range v.Valid[0].Receipts {
		r, err := parseReceipt(raw)
		if err != nil {
			f.Fatal(err)
		}
		payload, _, err := r.verify(trust.RecordKeys, trust.LogKeys)
		if err != nil {
			f.Fatal(err)
		}
		signed[string(payload)] = true
		f.Add([]byte(raw))
	}
	for _, one := range v.Refused {
		f.Add([]byte(one.Receipt))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseReceipt(data)
		if err != nil {
			return
		}
		payload, _, err := r.verify(trust.RecordKeys, trust.LogKeys)
		if err == nil && !signed[string(payload)] {
			t.Fatalf("accepted a record that nobody signed: %s", data)
		}
	})
}
