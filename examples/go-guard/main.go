package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

// An executor behind the guard: `go-guard ADDRESS SURFACE`, with COUNTERSIGN_URL and COUNTERSIGN_API_KEY.
func main() {
	surface := os.Args[2]
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<18))
		released, err := verify(os.Getenv("COUNTERSIGN_URL"), os.Getenv("COUNTERSIGN_API_KEY"), surface, r.Header.Get("Countersign-Permit"), body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		w.Write(released) // Here the refund is made, from `released`.
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
}
