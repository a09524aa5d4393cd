package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const payloadType = "application/vnd.countersign.record+json"

// An envelope has its members in the order of RFC 8785, so that encoding it gives the bytes of the log's entry.
type envelope struct {
	Payload     string      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

func (e envelope) entry() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// open checks the signature over DSSE's pre-authentication encoding and gives the payload.
func (e envelope) open(keys []jwk) ([]byte, error) {
	if e.PayloadType != payloadType || len(e.Signatures) != 1 {
		return nil, errors.New("an envelope that holds no record with one signature")
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil {
		return nil, err
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(e.Signatures[0].Sig)
	if err != nil {
		return nil, err
	}
	key, err := find(keys, e.Signatures[0].KeyID)
	if err != nil {
		return nil, err
	}
	signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
	return payload, key.verifyEnvelope([]byte(signed), sig)
}

type receipt struct {
	Kind     string   `json:"kind"`
	Envelope envelope `json:"envelope"`
	Log      struct {
		Origin     string   `json:"origin"`
		Index      position `json:"index"`
		Checkpoint string   `json:"checkpoint"`
		Inclusion  []string `json:"inclusion"`
	} `json:"log"`
}

// verify gives the payload that a known record key signed, and that a log of one of the known keys holds, with the size that it had.
func (r receipt) verify(recordKeys []jwk, logKeys []string) ([]byte, int64, error) {
	if r.Kind != "countersign.receipt/v1" {
		return nil, 0, errors.New("no receipt")
	}
	tree, origin, err := openCheckpoint(r.Log.Checkpoint, logKeys...)
	if err != nil {
		return nil, 0, err
	}
	if origin != r.Log.Origin {
		return nil, 0, errors.New("a receipt of another log than its checkpoint")
	}
	entry, err := r.Envelope.entry()
	if err != nil {
		return nil, 0, err
	}
	proof, err := parseHashes(r.Log.Inclusion)
	if err != nil {
		return nil, 0, err
	}
	if err := tlog.CheckRecord(tlog.RecordProof(proof), tree.N, tree.Hash, int64(r.Log.Index), tlog.RecordHash(entry)); err != nil {
		return nil, 0, err
	}
	payload, err := r.Envelope.open(recordKeys)
	return payload, tree.N, err
}

func checkReceipt(data []byte, _ string) error {
	var c struct {
		RecordKeys []jwk    `json:"recordKeys"`
		LogKeys    []string `json:"logKeys"`
		RecordHash string   `json:"recordHash"`
		Receipt    receipt  `json:"receipt"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	payload, _, err := c.Receipt.verify(c.RecordKeys, c.LogKeys)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(payload)
	if c.RecordHash != "sha256:"+hex.EncodeToString(sum[:]) {
		return errors.New("a record of another hash")
	}
	_, err = parseRecord(payload)
	return err
}

// A record, as far as everything sealed has it.
type record struct {
	V      int    `json:"v"`
	Type   string `json:"type"`
	Tenant string `json:"tenant"`
	Action string `json:"action"`
	At     string `json:"at"`
}

func parseRecord(payload []byte) (record, error) {
	var r record
	if err := json.Unmarshal(payload, &r); err != nil {
		return r, err
	}
	if r.V != 1 || r.Type == "" || r.Tenant == "" || r.Action == "" {
		return r, errors.New("a payload that is no record")
	}
	return r, nil
}

func checkCommitment(data []byte, _ string) error {
	var c struct {
		Salt       string `json:"salt"`
		Path       string `json:"path"`
		Canonical  string `json:"canonical"`
		Commitment string `json:"commitment"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	salt, err := hex.DecodeString(c.Salt)
	if err != nil {
		return err
	}
	hash := sha256.New()
	for _, part := range [][]byte{[]byte("countersign.commitment/v1"), salt, []byte(c.Path), []byte(c.Canonical)} {
		hash.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		hash.Write(part)
	}
	if c.Commitment != "sha256:"+hex.EncodeToString(hash.Sum(nil)) {
		return errors.New("the commitment does not open to this value")
	}
	return nil
}
