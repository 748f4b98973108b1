package header

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"

	"github.com/ebpfx/ebpfx/builder/cachedir"
)

//go:embed events.h
var events []byte

// EventsID identifies the content of the event header.
var EventsID = contentID(events)

// Events returns the path of the header that is to be put in front of a source
// (clang -include). An object that was compiled with it names the type of record at each call that
// sends one, in the section .ebpfx.events; events.h tells the format.
func Events(cache *cachedir.Cache) (string, error) {
	return cache.File("events-"+EventsID+"/ebpfx/events.h", func() ([]byte, error) { return events, nil })
}

// contentID is enough of a hash to tell files apart in a file name.
func contentID(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
