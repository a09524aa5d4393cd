package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

// An executor behind the guard: `go-guard ADDRESS SURFACE [offline]`, with COUNTERSIGN_URL and COUNTERSIGN_API_KEY.
func main() {
	engine, surface, offline := os.Getenv("COUNTERSIGN_URL"), os.Args[2], len(os.Args) > 3 && os.Args[3] == "offline"
	used := newReplays(100_000)
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		permit := r.Header.Get("Countersign-Permit")
		released, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<18))
		if err == nil && offline {
			released, err = verifyOffline(engine, surface, permit, released, used)
		} else if err == nil {
			released, err = verify(engine, os.Getenv("COUNTERSIGN_API_KEY"), surface, permit, released)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		w.Write(released) // Here the refund is made, from `released`.
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
}
