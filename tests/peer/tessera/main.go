// SPDX-License-Identifier: EUPL-1.2

// Tessera beside our log, witness and rates.
//
//	tessera                        reads the log's key and then one directory a line, and prints "good
//	                               DIR" or "bad DIR: why" by Tessera's fsck; a line may be a URL and a
//	                               bearer token
//	tessera witnessed DIR          makes a log there and prints its key; reads the key and the URL of a
//	                               witness; appends entries and prints the size of each checkpoint that
//	                               was published, which is after the witness signed it
//	tessera bench DIR WAITING SEC  appends 400 bytes from so many callers, each anew when its entry is
//	                               in the tree; prints "rate N p99_ms N"
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// ---- fsck

func leaves(bundle []byte) (hashes [][]byte, err error) {
	b := &api.EntryBundle{}
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	for _, e := range b.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return hashes, nil
}

func fetcher(where string) (fsck.Fetcher, error) {
	if !strings.HasPrefix(where, "http") {
		return &client.FileFetcher{Root: where}, nil
	}
	address, token, _ := strings.Cut(where, " ")
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	f, err := client.NewHTTPFetcher(u, nil)
	if err == nil {
		f.SetAuthorizationHeader("Bearer " + token)
	}
	return f, err
}

// A bundle with too few entries makes fsck panic, which is a verdict as well.  There is a worker for
// each file of a damaged log, since one that found damage takes no more.
func judge(dir string, v note.Verifier) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("fsck panics: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	f, err := fetcher(dir)
	if err != nil {
		return err
	}
	return fsck.New(v.Name(), v, f, leaves, fsck.Opts{N: 16}).Check(ctx)
}

func judgeAll(in *bufio.Scanner) {
	in.Scan()
	v, err := fnote.NewVerifier(in.Text())
	check(err)
	for in.Scan() {
		if err := judge(in.Text(), v); err != nil {
			fmt.Printf("bad %s: %s\n", in.Text(), strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Printf("good %s\n", in.Text())
		}
	}
}

// ---- a log of its own

func newLog(ctx context.Context, dir string, more func(*tessera.AppendOptions)) (*tessera.Appender, func(context.Context) error, tessera.LogReader) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "peer.example/log")
	check(err)
	s, err := note.NewSigner(skey)
	check(err)
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	check(err)
	fmt.Println(vkey)
	o := tessera.NewAppendOptions().WithCheckpointSigner(s).WithCheckpointInterval(100*time.Millisecond).WithBatching(256, 10*time.Millisecond)
	more(o)
	a, shutdown, r, err := tessera.NewAppender(ctx, driver, o)
	check(err)
	return a, shutdown, r
}

func withWitness(o *tessera.AppendOptions, in *bufio.Scanner) {
	in.Scan()
	vkey := in.Text()
	in.Scan()
	u, err := url.Parse(in.Text())
	check(err)
	w, err := tessera.NewWitness(vkey, u)
	check(err)
	o.WithWitnesses(tessera.NewWitnessGroup(1, w), &tessera.WitnessOptions{FailOpen: false, Timeout: 5 * time.Second})
}

func published(dir string) int {
	cp, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.Split(string(cp), "\n")[1])
	return n
}

// The size that is published once it is at least `size`; -1 if that takes too long.
func await(dir string, size int) int {
	for range 500 {
		if n := published(dir); n >= size {
			return n
		}
		time.Sleep(10 * time.Millisecond)
	}
	return -1
}

func witnessed(dir string, in *bufio.Scanner) {
	ctx := context.Background()
	a, shutdown, _ := newLog(ctx, dir, func(o *tessera.AppendOptions) { withWitness(o, in) })
	total := 0
	for _, more := range []int{1, 1, 2, 250, 1, 2, 300} {
		var futures []tessera.IndexFuture
		for range more {
			total++
			futures = append(futures, a.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry %d", total))))
		}
		for _, f := range futures {
			_, err := f()
			check(err)
		}
		fmt.Printf("published %d\n", await(dir, total))
	}
	check(shutdown(ctx))
}

// ---- rates

func bench(dir string, waiting int, span time.Duration) {
	ctx := context.Background()
	a, shutdown, _ := newLog(ctx, dir, func(o *tessera.AppendOptions) {
		o.WithBatching(uint(max(256, waiting)), 5*time.Millisecond).WithPushback(1 << 20)
	})
	var mu sync.Mutex
	var waits []time.Duration
	var all sync.WaitGroup
	begin := time.Now()
	for i := range waiting {
		all.Add(1)
		go func() {
			defer all.Done()
			entry := make([]byte, 400)
			var mine []time.Duration
			for n := 0; time.Since(begin) < span; n++ {
				copy(entry, fmt.Sprintf("%d %d ", i, n))
				from := time.Now()
				if _, err := a.Add(ctx, tessera.NewEntry(entry))(); errors.Is(err, tessera.ErrPushback) {
					continue
				} else {
					check(err)
				}
				mine = append(mine, time.Since(from))
			}
			mu.Lock()
			waits = append(waits, mine...)
			mu.Unlock()
		}()
	}
	all.Wait()
	took := time.Since(begin).Seconds()
	slices.Sort(waits)
	fmt.Printf("rate %.0f p99_ms %.1f\n", float64(len(waits))/took, float64(waits[len(waits)*99/100].Microseconds())/1000)
	_ = shutdown
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "witnessed":
		witnessed(args[1], in)
	case len(args) == 4 && args[0] == "bench":
		waiting, err := strconv.Atoi(args[2])
		check(err)
		seconds, err := strconv.Atoi(args[3])
		check(err)
		bench(args[1], waiting, time.Duration(seconds)*time.Second)
	default:
		judgeAll(in)
	}
}
