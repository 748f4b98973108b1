package filewatch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// watched returns a watcher of one file with a folder beside it.
func watched(t *testing.T) (w *Watcher, file string) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "src", "a.bpf.c")
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, file, "1")
	w, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	if err := w.Watch(Set{Files: []string{file}, Dirs: []string{filepath.Dir(file)}, Extensions: []string{".c", ".h"}}); err != nil {
		t.Fatal(err)
	}
	return w, file
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// must fails unless a change is told.
func must(t *testing.T, w *Watcher, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Wait(ctx); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// mustNot fails if a change is told. The next that is made on purpose is the end of the wait.
func mustNot(t *testing.T, w *Watcher, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*quiet)
	defer cancel()
	if err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s is told: %v", what, err)
	}
}

func TestEditors(t *testing.T) {
	w, file := watched(t)
	dir := filepath.Dir(file)
	write(t, file, "2")
	must(t, w, "a file that is truncated and written")

	write(t, file+"~tmp", "3")
	if err := os.Rename(file+"~tmp", file); err != nil {
		t.Fatal(err)
	}
	must(t, w, "a file that is renamed over the old one")

	// As vim does: the old one becomes a backup, and a new one is written.
	if err := os.Rename(file, file+"~"); err != nil {
		t.Fatal(err)
	}
	write(t, file, "4")
	must(t, w, "a file that is moved away and written anew")

	write(t, filepath.Join(dir, "new.h"), "5")
	must(t, w, "a new header")

	for _, name := range []string{".a.bpf.c.swp", "4913", "notes.txt", "a.bpf.c~"} {
		write(t, filepath.Join(dir, name), "6")
	}
	mustNot(t, w, "what is no input")
}

func TestEmptyFileIsAwaited(t *testing.T) {
	w, file := watched(t)
	w.emptyFor = time.Minute // nobody knows how late the editor is on a busy machine
	write(t, file, "")
	go func() {
		time.Sleep(5 * quiet) // an editor that takes its time
		_ = os.WriteFile(file, []byte("2"), 0o666)
	}()
	must(t, w, "a file that is written late")
	w.emptyFor = emptyFor
	if text, err := os.ReadFile(file); err != nil || string(text) != "2" {
		t.Errorf("it was told when the file held %q, %v", text, err)
	}
	write(t, file, "")
	must(t, w, "a file that stays empty")
}

func TestFolderComesBack(t *testing.T) {
	w, file := watched(t)
	for i := range 3 {
		if err := os.RemoveAll(filepath.Dir(file)); err != nil {
			t.Fatal(err)
		}
		must(t, w, "a folder that is removed")
		if err := w.Watch(w.set); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		must(t, w, "a folder that comes back")
		if err := w.Watch(w.set); err != nil {
			t.Fatal(err)
		}
		write(t, file, fmt.Sprint(i))
		must(t, w, "a file in it")
	}
}

// TestStorm: many changes are told as one.
func TestStorm(t *testing.T) {
	w, file := watched(t)
	for i := range 2000 {
		write(t, filepath.Join(filepath.Dir(file), fmt.Sprintf("f%d.h", i)), "x")
	}
	must(t, w, "a storm")
	mustNot(t, w, "a storm once more")
}

// TestStormWithoutEnd: changes that do not cease are told all the same.
func TestStormWithoutEnd(t *testing.T) {
	w, file := watched(t)
	w.quiet = time.Hour // nothing is ever quiet for so long
	ended, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				_ = os.WriteFile(file, []byte(fmt.Sprint(n)), 0o666)
			}
		}
	}()
	must(t, w, "a storm without an end")
	close(stop)
	<-ended
}

// TestLostEvents: where the kernel had no room for events it is time to look.
func TestLostEvents(t *testing.T) {
	w, _ := watched(t)
	w.inbox.put(func() { w.inbox.lost = true })
	must(t, w, "that events were lost")
}

// TestWithoutEvents: what a file system does not tell of is seen all the same.
func TestWithoutEvents(t *testing.T) {
	w, file := watched(t)
	if err := w.fs.Remove(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	write(t, file, "longer than before")
	must(t, w, "a file whose folder is not watched")
	write(t, filepath.Join(filepath.Dir(file), "new.h"), "1")
	must(t, w, "a new file there")
}

// TestLook: who saw something change while it was not watched has it told.
func TestLook(t *testing.T) {
	w, _ := watched(t)
	mustNot(t, w, "nothing")
	w.Look()
	must(t, w, "what nobody could tell")
}

// TestFoldersGoWhileNobodyWaits: fsnotify has errors to tell then, which hold up nothing and end nothing.
func TestFoldersGoWhileNobodyWaits(t *testing.T) {
	w, file := watched(t)
	dir := filepath.Dir(file)
	for i := range 200 {
		for _, err := range []error{os.Rename(dir, dir+".away"), os.RemoveAll(dir + ".away"), os.Mkdir(dir, 0o777)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		write(t, file, fmt.Sprint(i))
		if err := w.Watch(w.set); err != nil {
			t.Fatal(err)
		}
	}
	must(t, w, "a folder that is replaced")
	if err := w.Watch(w.set); err != nil {
		t.Fatal(err)
	}
	write(t, file, "the last one")
	must(t, w, "a file in it")
}

// TestTimePutBack: a file of the same size and time is another one.
func TestTimePutBack(t *testing.T) {
	w, file := watched(t)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.fs.Remove(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	write(t, file, "2")
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	must(t, w, "a file whose time is put back")
}

// TestEmptyFiles: one that was empty before holds up nothing.
func TestEmptyFiles(t *testing.T) {
	w, file := watched(t)
	empty := filepath.Join(filepath.Dir(file), "empty.h")
	write(t, empty, "")
	must(t, w, "an empty file")
	if err := w.Watch(Set{Files: []string{file, empty}}); err != nil {
		t.Fatal(err)
	}
	if w.beingWritten() {
		t.Error("a file that was empty before is waited for")
	}
}
