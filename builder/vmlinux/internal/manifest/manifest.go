// Package manifest describes the files that make up one architecture's merged header.
package manifest

// Manifest tells where a merged header comes from. It is the one file beside the
// header that changes when the header is made anew, and is there to be read in a diff.
type Manifest struct {
	// Version is the start of the SHA-256 of the header's text, in hexadecimal.
	Version string `json:"version"`
	// Kernels are what was merged, in that order.
	Kernels []Kernel `json:"kernels"`
}

// Kernel is one input of a merged header.
type Kernel struct {
	Name    string `json:"name"`              // how users call it: "6.18"
	Release string `json:"release"`           // as uname -r has it, or the file's name
	Package string `json:"package,omitempty"` // name and version of the Debian package
	SHA256  string `json:"sha256"`            // of the BTF
}

// File returns the name of arch's manifest.
func File(arch string) string { return arch + ".json" }

// HeaderFile returns the name of arch's header, C source packed by gzip.
func HeaderFile(arch string) string { return arch + ".h.gz" }

// MembersFile returns the name of arch's presence table, packed by gzip.
func MembersFile(arch string) string { return arch + ".members.gz" }
