// A guard in Go: no permit for exactly this request, no execution. The engine compares the request with what was released and keeps
// single use; everything that can be checked without it is checked first, so that a forged permit costs the engine nothing.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

type claims struct {
	Aud, Tenant, Ver, Act, Jti, Req string
	Iat, Nbf, Exp                   int64
	Offline                         bool
}

// verify returns the request as released: execute it and nothing else.
func verify(engine, apiKey, surface, permit string, request json.RawMessage) (json.RawMessage, error) {
	if _, err := check(engine, surface, permit); err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"permit": permit, "redeemer": rand.Text(), "request": request, "audience": surface})
	if err != nil {
		return nil, err
	}
	var redeemed struct{ Request json.RawMessage }
	err = call(http.MethodPost, engine+"/v1/permits/redeem", apiKey, body, &redeemed)
	return redeemed.Request, err
}

// check holds everything against the permit but its use.
func check(engine, surface, permit string) (c claims, err error) {
	parts := strings.Split(permit, ".")
	if len(parts) != 3 {
		return c, errors.New("no permit: ask for the action first")
	}
	var header map[string]string // These three names and no others: no `crit`, no `jwk`.
	if decode(parts[0], &header) != nil || decode(parts[1], &c) != nil || len(header) != 3 || header["alg"] != "EdDSA" || header["typ"] != "permit+jwt" {
		return c, errors.New("not a permit")
	}
	keys, err := keysOf(engine)
	if err != nil {
		return c, err
	}
	signed := false
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	for _, k := range keys {
		key, bad := base64.RawURLEncoding.DecodeString(k.X)
		if err == nil && bad == nil && k.Kid == header["kid"] && k.Alg == "EdDSA" && k.Crv == "Ed25519" && len(key) == ed25519.PublicKeySize {
			signed = signed || ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature)
		}
	}
	if now := time.Now().Unix(); !signed || c.Aud != surface || c.Tenant != "default" || now+5 < c.Nbf || now >= c.Exp {
		return c, errors.New("the permit is forged, for another surface or tenant, or out of its time")
	}
	if c.Ver != "" { // This executor's resources have no versions, so it cannot tell that it finds what was judged.
		return c, errors.New("the permit binds a resource version that is not known here")
	}
	return c, nil
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return errors.Join(err, json.Unmarshal(text, into))
}

func call(method, url, apiKey string, body []byte, into any) error {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "application/json")
	request.Header.Set("authorization", "Bearer "+apiKey)
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("the engine refuses: %d %s", response.StatusCode, text)
	}
	return json.Unmarshal(text, into)
}
