package symtab

import (
	"bytes"
	"testing"

	"github.com/ulikunitz/xz"
)

func pack(tb testing.TB, content []byte, dictionary int) []byte {
	tb.Helper()
	var packed bytes.Buffer
	w, err := xz.WriterConfig{DictCap: dictionary}.NewWriter(&packed)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return packed.Bytes()
}

// What is packed is unpacked only where it says that this takes no more memory than it may.
func TestUnpackedSize(t *testing.T) {
	for name, test := range map[string]struct {
		packed []byte
		want   int // -1: refused
	}{
		"small":            {pack(t, make([]byte, 5000), 0), 5000},
		"large":            {pack(t, make([]byte, 1<<20), 0), 1 << 20},
		"too large":        {pack(t, make([]byte, 1<<20+1), 0), -1},
		"large dictionary": {pack(t, make([]byte, 5000), maxDictionary+1), -1},
		"nothing":          {nil, -1},
		"no xz":            {bytes.Repeat([]byte("x"), 1000), -1},
	} {
		got, err := unpackedSize(bytes.NewReader(test.packed), int64(len(test.packed)), 1<<20)
		if err != nil {
			got = -1
		}
		if got != test.want {
			t.Errorf("%s: got %d, %v, want %d", name, got, err, test.want)
		}
	}
}

func FuzzUnpackedSize(f *testing.F) {
	f.Add(pack(f, []byte("hello"), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := unpackedSize(bytes.NewReader(b), int64(len(b)), maxDebugData); err == nil && (n < 0 || n > maxDebugData) {
			t.Errorf("%d bytes are too many", n)
		}
	})
}
