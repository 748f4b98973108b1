package diag

import (
	"bufio"
	"errors"
	"os"
)

// maxSourceLine is how many bytes of a line are shown; what is longer was not
// written by people.
const maxSourceLine = 1000

// FillSource sets Source to the line that d points at and returns d. Where the
// line cannot be read, or d already has one, d stays as it is: a diagnostic is of use without it.
func (d *Diagnostic) FillSource() *Diagnostic {
	if d.Source != "" || !d.IsValid() || d.Line <= 0 {
		return d
	}
	f, err := os.Open(d.File)
	if err != nil {
		return d
	}
	defer f.Close()
	// A pipe or a device would wait for ever.
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return d
	}
	r := bufio.NewReader(f)
	for line := 1; ; line++ {
		text, rest, err := r.ReadLine()
		if err != nil {
			return d
		}
		if line == d.Line {
			d.Source = string(text[:min(len(text), maxSourceLine)])
			return d
		}
		for rest && err == nil {
			_, rest, err = r.ReadLine()
		}
	}
}

// All returns the diagnostics that err is made of, in order: those joined by
// errors.Join one by one, whatever they are wrapped in. Errors that are no diagnostics become
// ones without a position. All(nil) is empty.
func All(err error) []*Diagnostic {
	if err == nil {
		return nil
	}
	var d *Diagnostic
	if direct, ok := err.(*Diagnostic); ok {
		return []*Diagnostic{direct}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Diagnostic
		for _, e := range joined.Unwrap() {
			all = append(all, All(e)...)
		}
		return all
	}
	if errors.As(err, &d) {
		return All(errors.Unwrap(err))
	}
	return []*Diagnostic{{Level: Error, Text: err.Error(), Err: err}}
}
