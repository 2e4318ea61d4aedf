// SPDX-License-Identifier: EUPL-1.2

// A second opinion on a log: reads the key and then one directory a line on standard input, and
// prints "good DIR" or "bad DIR: why".  "cosigned FILE KEY" asks whether log and witness signed the
// checkpoint in FILE; "ask DIR OLD FILE" writes there what a witness is asked.  Hashes, tiles and signatures are the business of
// golang.org/x/mod/sumdb; what is here only reads files and asks.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type head struct {
	size int64
	root tlog.Hash
}

// Signature lines in the one form that base64 has; the package is more lenient.
func strict(sigs string) error {
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSuffix(sigs, "\n"), "\n") {
		fields := strings.Split(strings.TrimPrefix(line, "— "), " ")
		if len(fields) != 2 || seen[line] {
			return errors.New("signature line is malformed")
		}
		if _, err := base64.StdEncoding.Strict().DecodeString(fields[1]); err != nil {
			return err
		}
		seen[line] = true
	}
	return nil
}

func openCheckpoint(msg []byte, v note.Verifier) (h head, err error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return h, err
	}
	if err := strict(string(msg[len(n.Text)+1:])); err != nil {
		return h, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Name() || lines[len(lines)-1] != "" {
		return h, errors.New("no checkpoint of this log")
	}
	for _, line := range lines[:len(lines)-1] {
		if line == "" {
			return h, errors.New("empty line in a checkpoint")
		}
	}
	h.size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(h.size, 10) != lines[1] || h.size < 0 {
		return h, errors.New("size is malformed")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return h, errors.New("root is malformed")
	}
	copy(h.root[:], root)
	return h, nil
}

// Notes that follow one another, cut where a line after signatures is none.
func splitNotes(all []byte) (notes [][]byte) {
	for len(all) > 0 {
		end := bytes.Index(all, []byte("\n\n"))
		at := len(all)
		if end >= 0 {
			at = end + 2
		}
		for at < len(all) && bytes.HasPrefix(all[at:], []byte("— ")) {
			i := bytes.IndexByte(all[at:], '\n')
			if i < 0 {
				at = len(all)
			} else {
				at += i + 1
			}
		}
		notes = append(notes, all[:at])
		all = all[at:]
	}
	return notes
}

type tiles struct {
	dir  string
	seen map[string][]byte
}

func (t *tiles) Height() int                          { return height }
func (t *tiles) SaveTiles(ts []tlog.Tile, d [][]byte) {}

// The package puts the height into the path, tlog-tiles does not.
func path(t tlog.Tile) string {
	return strings.Replace(t.Path(), "tile/8/", "tile/", 1)
}

func (t *tiles) ReadTiles(ts []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range ts {
		p := path(tile)
		d, err := os.ReadFile(filepath.Join(t.dir, p))
		if err != nil {
			return nil, err
		}
		if len(d) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", p, len(d))
		}
		t.seen[p] = d
		data = append(data, d)
	}
	return data, nil
}

func splitEntries(data []byte, width int) (entries [][]byte, err error) {
	for i := 0; i < width; i++ {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("bundle is cut")
		}
		n := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+n])
		data = data[2+n:]
	}
	if len(data) != 0 {
		return nil, errors.New("bundle has more")
	}
	return entries, nil
}

// What is left of smaller widths must be the start of the tile of today.
func checkLeftOver(dir string, t tlog.Tile, want func(width int) []byte) error {
	for w := 1; w < t.W; w++ {
		part := t
		part.W = w
		d, err := os.ReadFile(filepath.Join(dir, path(part)))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil || !bytes.Equal(d, want(w)) {
			return fmt.Errorf("%s differs", path(part))
		}
	}
	return nil
}

// Below which entry the log was pruned, and which one says so (our own file beside the tiles).
type floor struct{ index, decision int64 }

func readFloor(dir string, h head) (f floor, err error) {
	data, err := os.ReadFile(filepath.Join(dir, "pruned"))
	if errors.Is(err, os.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	lines := strings.Split(string(data), "\n")
	if len(lines) != 5 || lines[0] != "hoheit pruned v1" || lines[4] != "" {
		return f, errors.New("pruned is malformed")
	}
	var n [3]int64
	for i := range n {
		n[i], err = strconv.ParseInt(lines[i+1], 10, 64)
		if err != nil || strconv.FormatInt(n[i], 10) != lines[i+1] || n[i] <= 0 {
			return f, errors.New("pruned is malformed")
		}
	}
	f = floor{n[0], n[1]}
	if f.index%(1<<height) != 0 || f.decision < f.index || f.decision >= h.size {
		return f, errors.New("pruned makes no sense")
	}
	return f, nil
}

// The hashes of what is gone are read, and so proven; what was held back has one of them.
func checkPruned(dir string, h head, f floor, r tlog.HashReader) error {
	for i := int64(0); i < f.index; i++ {
		if _, err := r.ReadHashes([]int64{tlog.StoredHashIndex(0, i)}); err != nil {
			return err
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "held"))
	if errors.Is(err, os.ErrNotExist) || len(data) == 0 && err == nil {
		return nil
	}
	if err != nil {
		return err
	}
	if data[len(data)-1] != '\n' {
		return errors.New("held is cut")
	}
	last := int64(-1)
	for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		var e struct {
			Seq int64 `json:"seq"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq-1 <= last || e.Seq > h.size {
			return errors.New("held is out of order")
		}
		last = e.Seq - 1
		hashes, err := r.ReadHashes([]int64{tlog.StoredHashIndex(0, last)})
		if err != nil {
			return err
		}
		if tlog.RecordHash([]byte(line)) != hashes[0] {
			return fmt.Errorf("held: entry %d differs", last)
		}
	}
	return nil
}

func isDecision(entry []byte, f floor) bool {
	object := fmt.Sprintf("\"object\":\"%d\"", f.index)
	return bytes.Contains(entry, []byte("\"event\":\"log.prune\"")) && bytes.Contains(entry, []byte(object))
}

func checkEntries(dir string, h head, r tlog.HashReader, ts *tiles) error {
	f, err := readFloor(dir, h)
	if err != nil {
		return err
	}
	if err := checkPruned(dir, h, f, r); err != nil {
		return err
	}
	for first := f.index; first < h.size; first += 1 << height {
		width := int(min(h.size-first, 1<<height))
		bundle := tlog.Tile{H: height, L: -1, N: first >> height, W: width}
		p := strings.Replace(path(bundle), "tile/data/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(dir, p))
		if err != nil {
			return err
		}
		entries, err := splitEntries(data, width)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		var indexes []int64
		for i := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(i)))
		}
		hashes, err := r.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, e := range entries {
			if tlog.RecordHash(e) != hashes[i] {
				return fmt.Errorf("%s: entry %d differs", p, first+int64(i))
			}
			if f.index > 0 && first+int64(i) == f.decision && !isDecision(e, f) {
				return fmt.Errorf("%s: entry %d decides nothing", p, f.decision)
			}
		}
		if width == 1<<height {
			continue
		}
		for w := 1; w < width; w++ {
			var want []byte
			for _, e := range entries[:w] {
				want = append(binary.BigEndian.AppendUint16(want, uint16(len(e))), e...)
			}
			bundle.W = w
			p := strings.Replace(path(bundle), "tile/data/", "tile/entries/", 1)
			d, err := os.ReadFile(filepath.Join(dir, p))
			if err == nil && !bytes.Equal(d, want) {
				return fmt.Errorf("%s differs", p)
			}
		}
	}
	return nil
}

func checkTiles(dir string, h head, ts *tiles) error {
	for level := 0; h.size>>(8*level) > 0; level++ {
		count := h.size >> (8 * level)
		edge := tlog.Tile{H: height, L: level, N: count >> height, W: int(count % (1 << height))}
		if edge.W == 0 {
			continue
		}
		whole, ok := ts.seen[path(edge)]
		if !ok {
			return fmt.Errorf("%s was not needed", path(edge))
		}
		err := checkLeftOver(dir, edge, func(w int) []byte { return whole[:w*tlog.HashSize] })
		if err != nil {
			return err
		}
	}
	return nil
}

func checkPast(dir string, newest head, v note.Verifier, r tlog.HashReader) error {
	all, err := os.ReadFile(filepath.Join(dir, "checkpoints"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	last := head{size: -1}
	for _, msg := range splitNotes(all) {
		h, err := openCheckpoint(msg, v)
		if err != nil {
			return err
		}
		if h.size <= last.size || h.size > newest.size {
			return fmt.Errorf("checkpoint of %d is out of order", h.size)
		}
		if h.size > 0 {
			proof, err := tlog.ProveTree(newest.size, h.size, r)
			if err != nil {
				return err
			}
			if err := tlog.CheckTree(proof, newest.size, newest.root, h.size, h.root); err != nil {
				return err
			}
		}
		last = h
	}
	return nil
}

// The package has no tiles to ask for in a tree without entries.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

func judge(dir string, v note.Verifier) error {
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	h, err := openCheckpoint(msg, v)
	if err != nil {
		return err
	}
	if h.size == 0 && h.root != emptyRoot {
		return errors.New("an empty tree has another root")
	}
	ts := &tiles{dir, map[string][]byte{}}
	r := tlog.TileHashReader(tlog.Tree{N: h.size, Hash: h.root}, ts)
	if err := checkEntries(dir, h, r, ts); err != nil {
		return err
	}
	if err := checkTiles(dir, h, ts); err != nil {
		return err
	}
	return checkPast(dir, h, v, r)
}

// A witness signs the time as well (C2SP tlog-cosignature), which the package knows nothing of.
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.id }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(w.key, append([]byte(head), msg...), sig[8:])
}

func newWitness(vkey string) (w witness, err error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return w, errors.New("malformed key")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return w, errors.New("malformed key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	w = witness{parts[0], binary.BigEndian.Uint32(sum[:]), key[1:]}
	if fmt.Sprintf("%08x", w.id) != parts[1] {
		return w, errors.New("the id does not fit the key")
	}
	return w, nil
}

func cosigned(file, vkey string, v note.Verifier) error {
	w, err := newWitness(vkey)
	if err != nil {
		return err
	}
	msg, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	n, err := note.Open(msg, note.VerifierList(v, w))
	if err != nil {
		return err
	}
	if len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
		return fmt.Errorf("%d signatures", len(n.Sigs))
	}
	return nil
}

func ask(dir, old, file string, v note.Verifier) error {
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	h, err := openCheckpoint(msg, v)
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(old, 10, 64)
	if err != nil {
		return err
	}
	text := "old " + old + "\n"
	if size > 0 && size < h.size {
		r := tlog.TileHashReader(tlog.Tree{N: h.size, Hash: h.root}, &tiles{dir, map[string][]byte{}})
		proof, err := tlog.ProveTree(h.size, size, r)
		if err != nil {
			return err
		}
		for _, p := range proof {
			text += base64.StdEncoding.EncodeToString(p[:]) + "\n"
		}
	}
	return os.WriteFile(file, []byte(text+"\n"+string(msg)), 0o600)
}

// A witness as C2SP tlog-witness has it, for one log: what it saw last is in memory.
type server struct {
	log  note.Verifier
	name string
	key  ed25519.PrivateKey
	seen head
	mu   sync.Mutex
}

func (s *server) vkey() (string, uint32) {
	key := append([]byte{4}, s.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(s.name+"\n"), key...))
	id := binary.BigEndian.Uint32(sum[:])
	return fmt.Sprintf("%s+%08x+%s", s.name, id, base64.StdEncoding.EncodeToString(key)), id
}

func readAsk(body string) (old int64, proof tlog.TreeProof, msg string, err error) {
	asked, msg, ok := strings.Cut(body, "\n\n")
	lines := strings.Split(asked, "\n")
	if !ok || !strings.HasPrefix(lines[0], "old ") {
		return 0, nil, "", errors.New("malformed")
	}
	old, err = strconv.ParseInt(lines[0][4:], 10, 64)
	for _, line := range lines[1:] {
		h, e := base64.StdEncoding.Strict().DecodeString(line)
		if e != nil || len(h) != tlog.HashSize {
			return 0, nil, "", errors.New("malformed")
		}
		proof = append(proof, tlog.Hash(h))
	}
	return old, proof, msg, err
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	old, proof, msg, err := readAsk(string(body))
	if err != nil || r.Method != "POST" || r.URL.Path != "/add-checkpoint" || r.Header.Get("Authorization") != "" {
		http.Error(w, "malformed", 400)
		return
	}
	h, err := openCheckpoint([]byte(msg), s.log)
	if err != nil {
		http.Error(w, err.Error(), 403)
		return
	}
	if old != s.seen.size {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(409)
		fmt.Fprintf(w, "%d\n", s.seen.size)
		return
	}
	if old > 0 && old < h.size {
		err = tlog.CheckTree(proof, h.size, h.root, old, s.seen.root)
	}
	if err != nil || old > h.size || (old == h.size && old > 0 && h.root != s.seen.root) {
		http.Error(w, "no growth", 422)
		return
	}
	s.seen = h
	text, _, _ := strings.Cut(msg, "\n\n")
	now := uint64(time.Now().Unix())
	_, id := s.vkey()
	sig := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, id), now)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s\n", now, text)
	sig = append(sig, ed25519.Sign(s.key, []byte(signed))...)
	fmt.Fprintf(w, "— %s %s\n", s.name, base64.StdEncoding.EncodeToString(sig))
}

// The key is printed first, the log's is read, then the address is printed.
func serve(in *bufio.Scanner) {
	_, key, err := ed25519.GenerateKey(nil)
	s := &server{name: "peer.example/w", key: key}
	vkey, _ := s.vkey()
	fmt.Println(vkey)
	in.Scan()
	if err == nil {
		s.log, err = note.NewVerifier(in.Text())
	}
	l, err2 := net.Listen("tcp", "127.0.0.1:0")
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, err, err2)
		os.Exit(2)
	}
	fmt.Printf("http://%s\n", l.Addr())
	http.Serve(l, s)
}

func say(line string, v note.Verifier) error {
	words := strings.Split(line, " ")
	switch {
	case len(words) == 3 && words[0] == "cosigned":
		return cosigned(words[1], words[2], v)
	case len(words) == 4 && words[0] == "ask":
		return ask(words[1], words[2], words[3], v)
	}
	return judge(line, v)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	if len(os.Args) > 1 && os.Args[1] == "witness" {
		serve(in)
	}
	in.Scan()
	v, err := note.NewVerifier(in.Text())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for in.Scan() {
		if err := say(in.Text(), v); err != nil {
			fmt.Printf("bad %s: %v\n", in.Text(), err)
		} else {
			fmt.Printf("good %s\n", in.Text())
		}
	}
}
