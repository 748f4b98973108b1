package builder

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFileName leaves room below the 255 bytes that file systems take for suffixes of ours.
const maxFileName = 180

// fileName returns a file name for the name of a target or the path of a source. Letters, digits and
// "._+-" stay, all else is escaped as in URLs, so that no two names share a file. A very
// long one is cut and told apart by its hash.
func fileName(name string) string {
	var b strings.Builder
	for i, r := range name {
		_, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && size == 1,
			r == '.' && i == 0, // would be hidden, or . or .. itself
			!unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._+-", r):
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		default:
			b.WriteRune(r)
		}
	}
	s := b.String()
	if len(s) > maxFileName {
		sum := sha256.Sum256([]byte(name))
		s = fmt.Sprintf("%s%%%x", strings.ToValidUTF8(s[:maxFileName-40], ""), sum[:16])
	}
	return s
}
