package cachedir

import (
	"fmt"
	"hash/crc32"
	"os"
)

// sumSuffix ends the name of the file beside a checked one that has its checksum.
const sumSuffix = ".sum"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checked is File for content that a disk may have damaged or a power cut left half-written: a file that is
// not what was kept is made again. It returns the content too.
func (c *Cache) Checked(name string, content func() ([]byte, error)) (path string, data []byte, err error) {
	if path = c.Find(name); path != "" {
		if data, err = os.ReadFile(path); err == nil && readSum(path) == sumOf(data) {
			return path, data, nil
		}
	}
	if data, err = content(); err != nil {
		return "", nil, err
	}
	path, err = c.first(name, func(p place, path string) error {
		if err := p.write(path, data); err != nil {
			return err
		}
		return p.write(path+sumSuffix, []byte(sumOf(data)))
	})
	return path, data, err
}

// sumOf returns a checksum of data and its length.
func sumOf(data []byte) string {
	return formatSum(int64(len(data)), crc32.Checksum(data, castagnoli))
}

func formatSum(size int64, crc uint32) string { return fmt.Sprintf("%d %08x\n", size, crc) }

// readSum returns the checksum that was kept for the file at path, or "".
func readSum(path string) string {
	sum, err := os.ReadFile(path + sumSuffix)
	if err != nil {
		return ""
	}
	return string(sum)
}
