package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// parseReceipt reads a receipt as strictly as Countersign does. encoding/json alone would take names in other capitals, names that stand
// twice, and members that no receipt has.
func parseReceipt(data []byte) (receipt, error) {
	var r receipt
	// A member that is not there is not the same as one that is empty.
	if err := exactly(data, map[string]any{
		"kind":     nil,
		"envelope": map[string]any{"payload": nil, "payloadType": nil, "signatures": []any{map[string]any{"keyid": nil, "sig": nil}}},
		"log":      map[string]any{"origin": nil, "index": nil, "checkpoint": nil, "inclusion": []any{nil}},
	}); err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, err
	}
	return r, nil
}

// A position in a log: a whole number, however JSON spells it (3, 3.0, 3e0), that a double holds exactly.
type position int64

func (p *position) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseFloat(string(data), 64)
	if err != nil || value != math.Trunc(value) || value < 0 || value > 1<<53-1 {
		return errors.New("an index that no log has")
	}
	*p = position(value)
	return nil
}

// exactly says whether data is one JSON value with the members of shape, each once, and no others. A nil is a scalar of any kind.
func exactly(data []byte, shape any) error {
	if !utf8.Valid(data) {
		return errors.New("text that is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := walk(decoder, shape); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

func walk(decoder *json.Decoder, shape any) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch known := shape.(type) {
	case map[string]any:
		if token != json.Delim('{') {
			return errors.New("no object where one belongs")
		}
		seen := map[string]bool{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return err
			}
			inner, ok := known[name.(string)]
			if !ok || seen[name.(string)] {
				return fmt.Errorf("a member %q that has no place here, or stands twice", name)
			}
			seen[name.(string)] = true
			if err := walk(decoder, inner); err != nil {
				return err
			}
		}
		if len(seen) != len(known) {
			return errors.New("a member is missing")
		}
	case []any:
		if token != json.Delim('[') {
			return errors.New("no list where one belongs")
		}
		for decoder.More() {
			if err := walk(decoder, known[0]); err != nil {
				return err
			}
		}
	default:
		switch token.(type) {
		case string, json.Number:
			return nil
		}
		return errors.New("neither text nor a number where one belongs")
	}
	_, err = decoder.Token()
	return err
}
