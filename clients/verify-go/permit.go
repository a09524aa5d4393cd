package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

func checkPermit(data []byte, _ string) error {
	var c struct {
		Token    string `json:"token"`
		Keys     []jwk  `json:"keys"`
		Now      int64  `json:"now"`
		Audience string `json:"audience"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	parts := strings.Split(c.Token, ".")
	if len(parts) != 3 {
		return errors.New("no compact JWS")
	}
	var header struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ"`
	}
	if err := decodePart(parts[0], &header); err != nil {
		return err
	}
	key, err := find(c.Keys, header.Kid)
	if err != nil {
		return err
	}
	if header.Typ != "permit+jwt" || header.Alg != key.algorithm() {
		return errors.New("a header that permits do not have")
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return err
	}
	if err := key.verify([]byte(parts[0]+"."+parts[1]), signature); err != nil {
		return err
	}
	var claims struct {
		Aud string `json:"aud"`
		Nbf int64  `json:"nbf"`
		Exp int64  `json:"exp"`
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return err
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	if claims.Aud != c.Audience {
		return errors.New("a permit for another surface")
	}
	if c.Now < claims.Nbf || c.Now >= claims.Exp {
		return errors.New("a permit out of its time")
	}
	return nil
}

func decodePart(part string, into any) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
