package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

// tileFiles reads the tiles of C2SP tlog-tiles, which has Go's paths without the height.
type tileFiles struct{ dir string }

func (tileFiles) Height() int { return height }

func (f tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}

// checkTiles recomputes the root, two proofs and every leaf of a log from the files it serves.
func checkTiles(data []byte, dir string) error {
	var c struct {
		Dir         string   `json:"dir"`
		Checkpoint  string   `json:"checkpoint"`
		LogKey      string   `json:"logKey"`
		Index       int64    `json:"index"`
		Inclusion   []string `json:"inclusion"`
		OldSize     int64    `json:"oldSize"`
		Consistency []string `json:"consistency"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	tree, _, err := openCheckpoint(c.Checkpoint, c.LogKey)
	if err != nil {
		return err
	}
	files := tileFiles{dir: filepath.Join(dir, c.Dir)}
	reader := tlog.TileHashReader(tree, files)
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("tiles of another root")
	}
	record, err := tlog.ProveRecord(tree.N, c.Index, reader)
	if err != nil {
		return err
	}
	if err := same(record, c.Inclusion); err != nil {
		return fmt.Errorf("inclusion: %w", err)
	}
	growth, err := tlog.ProveTree(tree.N, c.OldSize, reader)
	if err != nil {
		return err
	}
	if err := same(growth, c.Consistency); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	return checkEntries(files.dir, tree, reader)
}

// checkEntries hashes every entry of every bundle and looks for it in the tree.
func checkEntries(dir string, tree tlog.Tree, reader tlog.HashReader) error {
	for start := int64(0); start < tree.N; start += width {
		// Go calls the entries of a tile its data, level -1.
		tile := tlog.Tile{H: height, L: -1, N: start / width, W: int(min(width, tree.N-start))}
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		for i := start; i < start+int64(tile.W); i++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("entry %d is cut short", i)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
			if err != nil {
				return err
			}
			if tlog.RecordHash(bundle[2:end]) != hashes[0] {
				return fmt.Errorf("entry %d is not the one of the tree", i)
			}
			bundle = bundle[end:]
		}
		if len(bundle) != 0 {
			return errors.New("a bundle with more than its entries")
		}
	}
	return nil
}

func same(proof []tlog.Hash, texts []string) error {
	theirs, err := parseHashes(texts)
	if err != nil {
		return err
	}
	if len(proof) != len(theirs) {
		return errors.New("a proof of another length")
	}
	for i := range proof {
		if proof[i] != theirs[i] {
			return fmt.Errorf("hash %d of the proof differs", i)
		}
	}
	return nil
}
