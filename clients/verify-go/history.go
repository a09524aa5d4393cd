package main

import (
	"encoding/json"
	"errors"
	"fmt"
)

// checkHistory follows a key history from the keys given, then verifies a receipt under the keys that it led to.
func checkHistory(data []byte, _ string) error {
	var c struct {
		RecordKeys []jwk    `json:"recordKeys"`
		LogKeys    []string `json:"logKeys"`
		History    struct {
			Kind     string    `json:"kind"`
			Receipts []receipt `json:"receipts"`
		} `json:"history"`
		Receipt receipt `json:"receipt"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	if c.History.Kind != "countersign.keys/v1" {
		return errors.New("no key history")
	}
	revoked := map[string]int64{}
	for _, step := range c.History.Receipts {
		payload, _, err := step.verify(c.RecordKeys, c.LogKeys)
		if err != nil {
			return err
		}
		var record struct {
			Type   string `json:"type"`
			Action string `json:"action"`
			Body   struct {
				Change string          `json:"change"`
				Use    string          `json:"use"`
				Kid    string          `json:"kid"`
				Key    json.RawMessage `json:"key"`
				From   int64           `json:"from"`
			} `json:"body"`
		}
		if err := json.Unmarshal(payload, &record); err != nil {
			return err
		}
		body := record.Body
		switch {
		case record.Type != "key" || record.Action != "key":
			return errors.New("a step that is about no key")
		case body.Change == "revoke":
			revoked[body.Kid] = body.From
		case body.Change == "introduce" && body.Use == "record":
			var key jwk
			if err := json.Unmarshal(body.Key, &key); err != nil {
				return err
			}
			if key.thumbprint() != body.Kid {
				return errors.New("a key under another name")
			}
			c.RecordKeys = append(c.RecordKeys, key)
		case body.Change == "introduce" && body.Use == "log":
			var vkey string
			if err := json.Unmarshal(body.Key, &vkey); err != nil {
				return err
			}
			c.LogKeys = append(c.LogKeys, vkey)
		}
	}
	if _, _, err := c.Receipt.verify(c.RecordKeys, c.LogKeys); err != nil {
		return err
	}
	keyid := c.Receipt.Envelope.Signatures[0].KeyID
	if from, ok := revoked[keyid]; ok && int64(c.Receipt.Log.Index) >= from {
		return fmt.Errorf("entry %d by a key that was revoked from entry %d on", c.Receipt.Log.Index, from)
	}
	return nil
}
