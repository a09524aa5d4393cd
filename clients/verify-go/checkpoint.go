package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// openCheckpoint opens a signed checkpoint under the log's key, whose name is the origin.
func openCheckpoint(signed string, vkeys ...string) (tlog.Tree, string, error) {
	var verifiers []note.Verifier
	for _, vkey := range vkeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return tlog.Tree{}, "", err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if err != nil {
		return tlog.Tree{}, "", err
	}
	// The note package takes a signature in several spellings of base64. A text that can be changed and still verifies is no evidence.
	for _, sig := range append(opened.Sigs, opened.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return tlog.Tree{}, "", err
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return tlog.Tree{}, "", errors.New("a checkpoint of fewer than three lines")
	}
	if lines[0] != opened.Sigs[0].Name {
		return tlog.Tree{}, "", errors.New("a checkpoint of another origin than its key")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, "", err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, "", err
	}
	return tlog.Tree{N: size, Hash: root}, lines[0], nil
}

func checkCheckpoint(data []byte, _ string) error {
	var c struct {
		Note    string `json:"note"`
		LogKey  string `json:"logKey"`
		Size    int64  `json:"size"`
		Root    string `json:"root"`
		Witness *struct {
			Key  string `json:"key"`
			Time uint64 `json:"time"`
		} `json:"witness"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	tree, _, err := openCheckpoint(c.Note, c.LogKey)
	if err != nil {
		return err
	}
	if tree.N != c.Size || hex.EncodeToString(tree.Hash[:]) != c.Root {
		return errors.New("a checkpoint of another tree")
	}
	if c.Witness != nil {
		return checkCosignature(c.Note, c.Witness.Key, c.Witness.Time)
	}
	return nil
}

// checkCosignature checks a witness's line as C2SP tlog-cosignature v1 says.
func checkCosignature(signed, vkey string, at uint64) error {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return errors.New("a witness key that is none")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 0x04 {
		return errors.New("a witness key that is none")
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if hex.EncodeToString(id[:4]) != parts[1] {
		return errors.New("a witness key whose id is not its own")
	}
	text, lines, _ := strings.Cut(signed, "\n\n")
	text += "\n"
	for _, line := range strings.Split(lines, "\n") {
		data, found := strings.CutPrefix(line, "— "+parts[0]+" ")
		if !found {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(data)
		if err != nil || len(signature) != 4+8+64 || hex.EncodeToString(signature[:4]) != parts[1] {
			return errors.New("a cosignature that is none")
		}
		seen := binary.BigEndian.Uint64(signature[4:12])
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seen, text)
		if seen != at || !ed25519.Verify(ed25519.PublicKey(key[1:]), []byte(message), signature[12:]) {
			return errors.New("the cosignature does not fit")
		}
		return nil
	}
	return errors.New("no cosignature of the witness")
}

func checkConsistency(data []byte, _ string) error {
	var c struct {
		Old    string   `json:"old"`
		New    string   `json:"new"`
		LogKey string   `json:"logKey"`
		Proof  []string `json:"proof"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	before, _, err := openCheckpoint(c.Old, c.LogKey)
	if err != nil {
		return err
	}
	after, _, err := openCheckpoint(c.New, c.LogKey)
	if err != nil {
		return err
	}
	hashes, err := parseHashes(c.Proof)
	if err != nil {
		return err
	}
	return tlog.CheckTree(tlog.TreeProof(hashes), after.N, after.Hash, before.N, before.Hash)
}

func parseHashes(texts []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(texts))
	for i, text := range texts {
		// tlog.ParseHash takes several spellings of the same bytes.
		data, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, err
		}
		if len(data) != len(hashes[i]) {
			return nil, errors.New("a hash of the wrong length")
		}
		copy(hashes[i][:], data)
	}
	return hashes, nil
}
