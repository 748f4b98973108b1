package builder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// fileState is what is known of a file's content.
type fileState struct {
	Stat *fileStat `json:"stat,omitempty"` // nil: the file has to be read to know that it is the same
	Hash string    `json:"hash"`
}

// fileStat is what tells, without reading a file, that nobody wrote to it. The change
// time cannot be set by programs, so that not even a file with its time put back passes.
type fileStat struct {
	Size       int64  `json:"size"`
	ModTime    int64  `json:"mtime"` // nanoseconds
	ChangeTime int64  `json:"ctime"`
	Inode      uint64 `json:"ino"`
}

// settled is how old a change must be before the file's times are relied on. Within the granularity of
// time stamps (2 s on FAT, less elsewhere) a second change may leave them as they were.
const settled = 2 * time.Second

// files knows the content of files by hash, and reads only those that changed since
// it last did. Names are relative to dir where they lie below it.
type files struct {
	dir   string
	known map[string]fileState // of all builds before, and of this one
	seen  map[string]string    // hashes by name that this build relies on without another look
}

func newFiles(dir string, known map[string]fileState) *files {
	if known == nil {
		known = make(map[string]fileState)
	}
	return &files{dir: dir, known: known, seen: make(map[string]string)}
}

// hash returns the hash of a file's content as of the first time that it was asked for, "" when it cannot be read.
func (f *files) hash(name string) string {
	h, ok := f.seen[name]
	if !ok {
		h, _ = f.look(name)
		f.seen[name] = h
	}
	return h
}

// look returns the hash of a file's content as it is now, and its times after it was
// read. hash is "" when the file cannot be read or changes meanwhile.
func (f *files) look(name string) (hash string, stat fileStat) {
	path := inDir(f.dir, name)
	stat, err := statFile(path)
	if err != nil {
		delete(f.known, name)
		return "", stat
	}
	if k, ok := f.known[name]; ok && k.Stat != nil && *k.Stat == stat {
		return k.Hash, stat
	}
	began := time.Now()
	hash, err = hashFile(path)
	after, statErr := statFile(path)
	if err != nil || statErr != nil || after != stat {
		delete(f.known, name)
		return "", after
	}
	state := fileState{Hash: hash}
	if began.Sub(time.Unix(0, stat.ChangeTime)) > settled {
		state.Stat = &stat
	}
	f.known[name] = state
	return hash, stat
}

// forget has the next hash of name look again, after the build itself wrote the file.
func (f *files) forget(name string) { delete(f.seen, name) }

// exists reports whether name is there, remembering the answer.
func (f *files) exists(name string) bool {
	h, ok := f.seen[name]
	if ok {
		return h != ""
	}
	_, err := os.Stat(inDir(f.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		f.seen[name] = ""
	}
	return err == nil
}

func statFile(path string) (fileStat, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileStat{}, err
	}
	st := info.Sys().(*syscall.Stat_t)
	return fileStat{
		Size:       info.Size(),
		ModTime:    info.ModTime().UnixNano(),
		ChangeTime: time.Unix(st.Ctim.Unix()).UnixNano(),
		Inode:      st.Ino,
	}, nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hashText(h.Sum(nil)), nil
}

// hashText renders the half of a SHA-256 sum that is kept: 128 bits are enough to tell files apart.
func hashText(sum []byte) string { return hex.EncodeToString(sum[:16]) }

// hashOf returns the hash of words, which may hold any character.
func hashOf(words ...string) string {
	h := sha256.New()
	for _, w := range words {
		io.WriteString(h, w)
		h.Write([]byte{0})
	}
	return hashText(h.Sum(nil))
}
