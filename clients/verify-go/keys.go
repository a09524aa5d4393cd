package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
)

// A jwk is a public key of RFC 7517; its id is computed, never believed.
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
}

// thumbprint is that of RFC 7638: the required members, in order.
func (k jwk) thumbprint() string {
	text := fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q}`, k.Crv, k.Kty, k.X)
	if k.Kty == "EC" {
		text = fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, k.Crv, k.Kty, k.X, k.Y)
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (k jwk) algorithm() string {
	if k.Kty == "OKP" && k.Crv == "Ed25519" {
		return "EdDSA"
	}
	if k.Kty == "EC" && k.Crv == "P-256" {
		return "ES256"
	}
	return ""
}

// verifyEnvelope checks a DSSE signature: ECDSA is in DER there, and r || s in JOSE.
func (k jwk) verifyEnvelope(message, signature []byte) error {
	if k.algorithm() == "ES256" {
		key, err := k.p256()
		if err != nil {
			return err
		}
		digest := sha256.Sum256(message)
		if !ecdsa.VerifyASN1(key, digest[:], signature) {
			return errors.New("the signature does not fit")
		}
		return nil
	}
	return k.verify(message, signature)
}

func (k jwk) p256() (*ecdsa.PublicKey, error) {
	x, err := base64.RawURLEncoding.DecodeString(k.X)
	if err != nil {
		return nil, err
	}
	y, err := base64.RawURLEncoding.DecodeString(k.Y)
	if err != nil {
		return nil, err
	}
	return &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}, nil
}

func (k jwk) verify(message, signature []byte) error {
	x, err := base64.RawURLEncoding.DecodeString(k.X)
	if err != nil {
		return err
	}
	if len(signature) != 64 || len(x) != 32 {
		return errors.New("a key or signature of the wrong length")
	}
	switch k.algorithm() {
	case "EdDSA":
		if ed25519.Verify(ed25519.PublicKey(x), message, signature) {
			return nil
		}
	case "ES256":
		key, err := k.p256()
		if err != nil {
			return err
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		digest := sha256.Sum256(message)
		if ecdsa.Verify(key, digest[:], r, s) {
			return nil
		}
	default:
		return errors.New("a key of an unknown kind")
	}
	return errors.New("the signature does not fit")
}

func find(keys []jwk, id string) (jwk, error) {
	for _, key := range keys {
		if key.thumbprint() == id {
			return key, nil
		}
	}
	return jwk{}, fmt.Errorf("no known key has the id %q", id)
}
