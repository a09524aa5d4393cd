package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// replays remembers the permits that this process used, until they expire. For one executor of a surface.
type replays struct {
	sync.Mutex
	used  map[string]int64
	since int64
	max   int
}

func newReplays(max int) *replays {
	return &replays{used: map[string]int64{}, since: time.Now().Unix(), max: max}
}

// use uses a permit, once. In every doubt it refuses: of permits that the process before this one may have used (5 s for the difference of
// clocks), and where no more can be remembered.
func (r *replays) use(c claims) error {
	r.Lock()
	defer r.Unlock()
	if c.Iat <= r.since+5 {
		return errors.New("issued before this executor began to remember which permits it used")
	}
	for jti, exp := range r.used {
		if len(r.used) >= r.max && exp <= time.Now().Unix() {
			delete(r.used, jti)
		}
	}
	if _, again := r.used[c.Jti]; again || c.Jti == "" || len(r.used) >= r.max {
		return errors.New("the permit was redeemed before, or no more can be remembered")
	}
	r.used[c.Jti] = c.Exp
	return nil
}

// verifyOffline lets exactly the released request through without asking the engine, where the permit says that policy allows it. The engine
// does not know of it until the outcome is reported, with `redeemedAt` and a `redeemer`.
func verifyOffline(engine, surface, permit string, request json.RawMessage, used *replays) (json.RawMessage, error) {
	c, err := check(engine, surface, permit)
	if err != nil {
		return nil, err
	}
	if !c.Offline {
		return nil, errors.New("policy does not let this permit be used without the engine")
	}
	text, err := canonical(request)
	sum := sha256.Sum256(text)
	if err != nil || "sha256:"+hex.EncodeToString(sum[:]) != c.Req {
		return nil, errors.New("what is about to run differs from the request that was released")
	}
	return text, used.use(c)
}

// canonical gives the RFC 8785 bytes that a request hash is of, as far as Go writes them: where it does not (U+2028, names beyond the BMP) the
// hash differs, and nothing runs. A request with `content` needs the engine, because the commitment of it is salted.
func canonical(request json.RawMessage) ([]byte, error) {
	var value map[string]any
	if err := json.Unmarshal(request, &value); err != nil {
		return nil, err
	}
	if _, salted := value["content"]; salted {
		return nil, errors.New("the commitment of `content` is salted: redeem at the engine")
	}
	delete(value, "callback")
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
