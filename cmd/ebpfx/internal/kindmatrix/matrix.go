// Package kindmatrix keeps which ways to attach were seen to work on which kernels, and makes the README's table of it.
//
//	tests in virtual machines -> kinds.json, in this folder -> README.md
//
// Only tests write kinds.json: make kinds.
package kindmatrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Outcomes of a case.
const (
	Works  = "works"
	Beyond = "beyond" // the kernel has no such thing, and the error says so
	Fails  = "fails"
)

// Kernel is what the tests saw on one.
type Kernel struct {
	Name    string            `json:"name"`    // as .ci/kernel has it
	Release string            `json:"release"` // as uname -r has it
	Cases   map[string]string `json:"cases"`   // outcome by KIND/CASE
}

// Matrix are all kernels, the oldest first.
type Matrix []Kernel

// Read reads a matrix that Write wrote. A file that is not there is an empty one.
func Read(path string) (Matrix, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m Matrix
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return m, nil
}

// Write writes the matrix for Read.
func (m Matrix) Write(path string) error {
	b, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// With returns the matrix with what was seen on k in place of what was seen on a kernel of that name before.
func (m Matrix) With(k Kernel) Matrix {
	m = slices.DeleteFunc(slices.Clone(m), func(old Kernel) bool { return old.Name == k.Name })
	m = append(m, k)
	slices.SortFunc(m, func(a, b Kernel) int { return slices.Compare(version(a.Release), version(b.Release)) })
	return m
}

// version returns the numbers that a release begins with.
func version(release string) []int {
	var numbers []int
	for part := range strings.SplitSeq(release, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// kinds returns the cases of each kind, and the kinds in that order, those first that are in order.
func (m Matrix) kinds(order []string) (names []string, cases map[string][]string) {
	cases = make(map[string][]string)
	for _, k := range m {
		for c := range k.Cases {
			kind, _, _ := strings.Cut(c, "/")
			if !slices.Contains(cases[kind], c) {
				cases[kind] = append(cases[kind], c)
			}
		}
	}
	for kind := range cases {
		names = append(names, kind)
		slices.Sort(cases[kind])
	}
	place := func(kind string) int {
		if i := slices.Index(order, kind); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	return names, cases
}

// Markdown returns a table with a column for each kernel. Kinds that work on the same kernels share a row. Where some cases of a kind work
// and others do not, most are meant by its name, and the others are named in a row of their own. order tells which kind comes first.
func (m Matrix) Markdown(order []string) string {
	var rows []string // the marks of each
	members := make(map[string][]string)
	add := func(label, marks string) {
		if !slices.Contains(rows, marks) {
			rows = append(rows, marks)
		}
		members[marks] = append(members[marks], label)
	}
	names, cases := m.kinds(order)
	for _, kind := range names {
		byMarks := make(map[string][]string)
		var distinct []string
		for _, c := range cases[kind] {
			marks := m.marks(c)
			if byMarks[marks] == nil {
				distinct = append(distinct, marks)
			}
			_, name, _ := strings.Cut(c, "/")
			byMarks[marks] = append(byMarks[marks], strings.ReplaceAll(name, "_", " "))
		}
		most := slices.MaxFunc(distinct, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(byMarks[a]), len(byMarks[b])), cmp.Compare(strings.Count(a, "yes"), strings.Count(b, "yes")))
		})
		for _, marks := range distinct {
			label := "`" + kind + "`"
			if marks != most {
				label += " (" + strings.Join(byMarks[marks], ", ") + ")"
			}
			add(label, marks)
		}
	}
	var b strings.Builder
	b.WriteString("| |")
	for _, k := range m {
		release, _, _ := strings.Cut(k.Release, "-")
		release, _, _ = strings.Cut(release, "+")
		fmt.Fprintf(&b, " %s |", release)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(m)) + "\n")
	for _, marks := range rows {
		fmt.Fprintf(&b, "| %s |%s\n", strings.Join(members[marks], ", "), marks)
	}
	return b.String()
}

func (m Matrix) marks(c string) string {
	var b strings.Builder
	for _, k := range m {
		mark := map[string]string{Works: "yes", Beyond: "-", Fails: "**fails**", "": "not tested"}[k.Cases[c]]
		fmt.Fprintf(&b, " %s |", mark)
	}
	return b.String()
}

// Where the table stands in the README.
const (
	begin = "<!-- made by make kinds -->\n"
	end   = "<!-- end -->\n"
)

// Put returns page with table in place of the one that it has.
func Put(page, table string) (string, error) {
	i := strings.Index(page, begin)
	j := strings.Index(page, end)
	if i < 0 || j < i {
		return "", fmt.Errorf("there is no place for the table: the lines %s and %s", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return page[:i+len(begin)] + table + page[j:], nil
}
