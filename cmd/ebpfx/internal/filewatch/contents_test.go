package filewatch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestContents(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.h")
	var c Contents
	missing := c.File(file)
	write(t, file, "1")
	one := c.File(file)
	began := time.Now()
	if err := os.Chtimes(file, began.Add(-time.Hour), began.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	touched := c.File(file)
	write(t, file, "2")
	two := c.File(file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	gone := c.File(file)
	if err := os.Mkdir(file, 0o777); err != nil {
		t.Fatal(err)
	}
	folder := c.File(file)

	if !one.Same(touched) || one.Untouched(touched) || !one.Untouched(one) {
		t.Error("a file that was touched is not told from others")
	}
	if !touched.ChangedAfter(began) || touched.ChangedAfter(began.Add(time.Hour)) || !gone.ChangedAfter(time.Now().Add(time.Hour)) {
		t.Error("files have not changed when they were")
	}
	for i, other := range []Content{missing, two, folder} {
		if one.Same(other) {
			t.Errorf("content %d is that of the file before", i)
		}
	}
	if !missing.Same(gone) || folder.Same(gone) {
		t.Error("a file that is gone is not like one that never was")
	}
}

func TestFolderContents(t *testing.T) {
	dir := t.TempDir()
	var c Contents
	list := func() Content { return c.Folder(dir, []string{".h"}) }
	before := list()
	write(t, filepath.Join(dir, "notes.txt"), "1")
	write(t, filepath.Join(dir, ".hidden.h"), "1")
	if !list().Same(before) {
		t.Error("files that are no inputs are seen")
	}
	write(t, filepath.Join(dir, "a.h"), "1")
	header := list()
	write(t, filepath.Join(dir, "a.h"), "2")
	if header.Same(before) || !list().Same(header) {
		t.Error("a folder is not told by its names")
	}
	if err := os.Mkdir(filepath.Join(dir, "below"), 0o777); err != nil {
		t.Fatal(err)
	}
	if list().Same(header) {
		t.Error("a new folder is not seen")
	}
}
