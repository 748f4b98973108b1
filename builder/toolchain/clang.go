package toolchain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MinClang is the oldest major version of clang that is taken.
const MinClang = 14

// Clang is a C compiler that was asked what it is.
type Clang struct {
	Path    string `json:"path"`    // absolute, as found on PATH
	Version string `json:"version"` // the line that clang says; "" when it says none
	// Problem says why it cannot be used; "" when it can.
	Problem string `json:"problem,omitempty"`
	// Size and ModTime (nanoseconds) are those of the file behind Path. While they stay, so does the
	// rest, which spares starting the compiler to ask again.
	Size    int64 `json:"size"`
	ModTime int64 `json:"mtime"`
}

// ID identifies the compiler's build: two with the same ID give the same objects.
func (c Clang) ID() string {
	return fmt.Sprintf("%s size %d time %d", c.Version, c.Size, c.ModTime)
}

// ErrNoClang is the cause of every error that FindClang returns when there is no usable clang.
var ErrNoClang = errors.New("no usable clang")

// FindClang returns the compiler to use: the program called name when it is not
// empty, else what the environment variable CLANG says, else clang on PATH,
// else the newest of the clang-NN there. A compiler of known is not started when its file is unchanged.
// All that were asked, good or not, come back in seen, to be passed as known the next time.
func FindClang(ctx context.Context, name string, known []Clang) (clang Clang, seen []Clang, err error) {
	from := name
	if name == "" {
		if name = os.Getenv("CLANG"); name != "" {
			from = "CLANG=" + name
		}
	}
	candidates := clangsOnPath
	if name != "" {
		candidates = func(yield func(string) bool) {
			if path, err := exec.LookPath(name); err == nil {
				yield(path)
			}
		}
	}
	for path := range candidates {
		c, err := inspect(ctx, path, known)
		if err != nil {
			return Clang{}, seen, err
		}
		seen = append(seen, c)
		if c.Problem == "" {
			return c, seen, nil
		}
	}
	switch {
	case len(seen) > 0:
		// The first is the one that the user knows of.
		return Clang{}, seen, &missing{what: "use " + seen[0].Path, why: seen[0].Problem, fix: InstallCommand(PackageClang), cause: ErrNoClang}
	case name != "":
		return Clang{}, nil, &missing{what: "find clang", why: fmt.Sprintf("%s is no program that can be run", from), cause: ErrNoClang}
	}
	return Clang{}, nil, &missing{what: "find clang", why: "it is not on PATH", fix: InstallCommand(PackageClang), cause: ErrNoClang}
}

// clangsOnPath yields clang, then clang-NN from the newest down.
func clangsOnPath(yield func(string) bool) {
	if path, err := exec.LookPath("clang"); err == nil && !yield(path) {
		return
	}
	type versioned struct {
		path    string
		version int
	}
	var found []versioned
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			number, ok := strings.CutPrefix(e.Name(), "clang-")
			if v, err := strconv.Atoi(number); ok && err == nil {
				found = append(found, versioned{filepath.Join(dir, e.Name()), v})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b versioned) int { return cmp.Compare(b.version, a.version) })
	for _, v := range found {
		if path, err := exec.LookPath(v.path); err == nil && !yield(path) {
			return
		}
	}
}

// inspect returns what is known of the compiler at path, or asks it. An error is
// ctx's alone: what is wrong with the compiler is its Problem.
func inspect(ctx context.Context, path string, known []Clang) (Clang, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Clang{}, err
	}
	c := Clang{Path: path}
	if info, err := os.Stat(path); err == nil {
		c.Size, c.ModTime = info.Size(), info.ModTime().UnixNano()
	}
	for _, k := range known {
		if k.Path == c.Path && k.Size == c.Size && k.ModTime == c.ModTime && k.Version != "" {
			return k, nil
		}
	}
	out, err := Run(ctx, "", path, "--version")
	if ctx.Err() != nil {
		return Clang{}, ctx.Err()
	}
	version, major := parseVersion(string(out.Stdout))
	switch {
	case err != nil:
		c.Problem = fmt.Sprintf("clang --version: %v", err)
		return c, nil
	case major == 0:
		c.Problem = "it does not say a version as clang does"
		return c, nil
	}
	c.Version = version
	if major < MinClang {
		c.Problem = fmt.Sprintf("%s is too old: clang %d or later is needed, the first that writes the BTF type tags that newer kernels' types have", version, MinClang)
		return c, nil
	}
	out, err = Run(ctx, "", path, "--print-targets")
	if ctx.Err() != nil {
		return Clang{}, ctx.Err()
	}
	if err != nil {
		// What may pass is not to be remembered: without a version it is asked again.
		c.Version, c.Problem = "", fmt.Sprintf("clang --print-targets: %v", err)
	} else if !bpfTarget.Match(out.Stdout) {
		c.Problem = version + " was built without the bpf target"
	}
	return c, nil
}

var (
	versionText = regexp.MustCompile(`(?m)^.*clang version (\d+)[.\d]*.*$`)
	bpfTarget   = regexp.MustCompile(`(?m)^\s*bpf(el|eb)?\s+-`)
)

// parseVersion reads the line of clang --version that names it: "Debian clang version 14.0.6".
func parseVersion(out string) (line string, major int) {
	m := versionText.FindStringSubmatch(out)
	if m == nil {
		return "", 0
	}
	major, _ = strconv.Atoi(m[1])
	return strings.TrimSpace(m[0]), major
}
