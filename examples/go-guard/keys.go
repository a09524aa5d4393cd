package main

import (
	"net/http"
	"sync"
	"time"
)

type jwk struct{ Kid, Kty, Crv, Alg, X string }

var published struct {
	sync.Mutex
	keys   []jwk
	readAt time.Time
}

// keysOf reads the engine's permit keys every ten seconds at most. While the engine is away, those read before are good for an hour.
func keysOf(engine string) ([]jwk, error) {
	published.Lock()
	defer published.Unlock()
	if age := time.Since(published.readAt); age > 10*time.Second {
		var set struct{ Keys []jwk }
		if err := call(http.MethodGet, engine+"/.well-known/jwks.json", "", nil, &set); err == nil {
			published.keys, published.readAt = set.Keys, time.Now()
		} else if age > time.Hour {
			return nil, err
		}
	}
	return published.keys, nil
}
