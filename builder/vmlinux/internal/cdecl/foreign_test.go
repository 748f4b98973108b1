package cdecl

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// Types that no C compiler wrote are refused or left out, not followed for ever.
func TestForeignTypes(t *testing.T) {
	integer := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}

	itself := &btf.Struct{Name: "itself", Size: 4}
	itself.Members = []btf.Member{{Name: "again", Type: itself}}

	anonymous := &btf.Struct{Size: 8}
	anonymous.Members = []btf.Member{{Name: "p", Type: &btf.Pointer{Target: anonymous}}}

	unnamed := &btf.Struct{Name: "unnamed", Size: 4}
	unnamed.Members = []btf.Member{{Type: unnamed}}

	typedef := &btf.Typedef{Name: "round"}
	typedef.Type = &btf.Const{Type: typedef}

	for _, test := range []struct {
		name  string
		types []btf.Type
		err   string
	}{
		{"a struct in itself", []btf.Type{itself}, "itself would have to come before itself"},
		{"an anonymous struct that points to itself", []btf.Type{anonymous}, "without a name in between"},
		{"a struct whose members are its own", []btf.Type{unnamed}, "without a name in between"},
		{"a typedef of itself", []btf.Type{typedef}, "without a name in between"},
		{"a member outside", []btf.Type{&btf.Struct{Name: "s", Size: 4, Members: []btf.Member{
			{Name: "far", Type: integer, Offset: 64},
		}}}, `has its member "far" outside`},
		{"a struct of gigabytes", []btf.Type{&btf.Struct{Name: "s", Size: 1 << 30}}, "is larger than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := Write(io.Discard, specOf(t, test.types...))
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v, want one with %q", err, test.err)
			}
		})
	}

	t.Run("names of another language", func(t *testing.T) {
		rust := &btf.Struct{Name: "core::Option<&u8>", Size: 4, Members: []btf.Member{{Name: "__0", Type: integer}}}
		user := &btf.Struct{Name: "user", Size: 20, Members: []btf.Member{
			{Name: "value", Type: rust},
			{Name: "far", Type: &btf.Pointer{Target: rust}, Offset: 64},
			{Name: "type", Type: integer, Offset: 128},
			{Name: "int", Type: integer, Offset: 32},
		}}
		_, text := mergeSpecs(t, specOf(t, user))
		clang(t, text+`
			_Static_assert(sizeof(struct user) == 20, "size");
			int f(struct user *u) { return u->value.__0 + (u->far != 0) + u->type; }`)
	})
}

type fullDisk struct{}

var errFull = errors.New("no space left on device")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteTellsWhatFailed(t *testing.T) {
	if err := Write(fullDisk{}, specOf(t, holder)); !errors.Is(err, errFull) {
		t.Errorf("got error %v, want %v", err, errFull)
	}
	if err := Write(io.Discard); err == nil {
		t.Error("a header of no kernel was written")
	}
}

func FuzzWrite(f *testing.F) {
	for _, types := range [][]btf.Type{
		{holder},
		{&btf.Typedef{Name: "t", Type: &btf.Array{Type: holder, Index: &btf.Int{Name: "int", Size: 4}, Nelems: 3}}},
		{&btf.Union{Name: "u", Size: 8, Members: []btf.Member{{Type: &btf.Struct{Size: 8, Members: holder.Members}}}}},
		{&btf.Enum{Name: "e", Size: 4, Values: []btf.EnumValue{{Name: "A", Value: 1}}}},
	} {
		b, err := btf.NewBuilder(types, nil)
		if err != nil {
			f.Fatal(err)
		}
		raw, err := b.Marshal(nil, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	base := specOf(f, holder, &btf.Struct{Name: "u", Size: 16, Members: holder.Members})
	f.Fuzz(func(t *testing.T, raw []byte) {
		spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
		if err != nil {
			t.Skip()
		}
		_ = Write(io.Discard, spec)
		_ = Write(io.Discard, base, spec)
		_ = Write(io.Discard, spec, base)
	})
}

// The kernel's own types give the same text each time.
func TestWriteIsDeterministic(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		skip(t, err.Error())
	}
	var texts [2]bytes.Buffer
	for i := range texts {
		other := specOf(t, &btf.Struct{Name: "task_struct", Size: 1, Members: holder.Members})
		if err := Write(&texts[i], runningKernel(t), other); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0].Bytes(), texts[1].Bytes()) {
		t.Error("two headers of the same types differ")
	}
}
