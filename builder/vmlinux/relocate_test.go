package vmlinux_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

// resolved returns what the CO-RE relocations of each program in object come to on
// the kernel that target has the types of: offsets, sizes and what exists.
func resolved(t *testing.T, object string, target *btf.Spec) map[string][]string {
	t.Helper()
	spec, err := ebpf.LoadCollectionSpec(object)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]string)
	for name, program := range spec.Programs {
		var relocations []*btf.CORERelocation
		for i := range program.Instructions {
			if r := btf.CORERelocationMetadata(&program.Instructions[i]); r != nil {
				relocations = append(relocations, r)
			}
		}
		fixups, err := btf.CORERelocate(relocations, []*btf.Spec{target}, binary.LittleEndian,
			func(btf.Type) (btf.TypeID, error) { return 0, nil })
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range fixups {
			kind, values, _ := strings.Cut(f.String(), "=")
			if _, value, ok := strings.Cut(values, "->"); ok {
				values = value
			}
			out[name] = append(out[name], kind+" "+values)
		}
		// The compiler may order them by what the offsets are before.
		slices.Sort(out[name])
	}
	return out
}

// hasMember reports whether the kernel that spec is of has a member, for members come and go.
func hasMember(t *testing.T, spec *btf.Spec, typ, path string) bool {
	t.Helper()
	var root *btf.Struct
	if err := spec.TypeByName(strings.TrimPrefix(typ, "struct "), &root); err != nil {
		return false
	}
	var at btf.Type = root
	for _, name := range strings.Split(path, ".") {
		if at = memberType(at, name); at == nil {
			return false
		}
	}
	return true
}

func memberType(typ btf.Type, name string) btf.Type {
	var members []btf.Member
	switch typ := btf.UnderlyingType(typ).(type) {
	case *btf.Struct:
		members = typ.Members
	case *btf.Union:
		members = typ.Members
	}
	for _, m := range members {
		if m.Name == name {
			return m.Type
		}
		if m.Name == "" {
			if found := memberType(m.Type, name); found != nil {
				return found
			}
		}
	}
	return nil
}

// A program compiled with the merged header comes to the same instructions as one
// compiled with the header of the kernel that it runs on.
func TestMergedHeaderRelocatesAsTheKernelsOwn(t *testing.T) {
	kernel, err := vmlinux.Load("running")
	if err != nil {
		skip(t, err.Error())
	}
	accesses := map[string]string{
		"struct task_struct":    "pid tgid comm mm real_parent group_leader se.vruntime se.sum_exec_runtime start_time exit_code nsproxy cred files signal __state flags thread_info",
		"struct mm_struct":      "total_vm arg_start arg_end exe_file pgd",
		"struct sock":           "__sk_common.skc_family __sk_common.skc_dport __sk_common.skc_daddr __sk_common.skc_v6_daddr __sk_common.skc_net.net sk_state_change sk_protocol sk_type sk_sndbuf",
		"struct tcp_sock":       "srtt_us snd_cwnd bytes_acked bytes_received inet_conn.icsk_inet.sk.sk_protocol",
		"struct sk_buff":        "len data_len head data network_header transport_header dev protocol",
		"struct file":           "f_mode f_flags f_inode f_path.dentry f_pos",
		"struct dentry":         "d_parent d_name.name d_name.len d_inode",
		"struct inode":          "i_ino i_mode i_size i_sb i_uid.val",
		"struct bio":            "bi_bdev bi_opf bi_iter.bi_sector bi_iter.bi_size",
		"struct request":        "cmd_flags __data_len __sector q rq_flags",
		"struct gendisk":        "major first_minor disk_name",
		"struct net_device":     "ifindex name mtu nd_net.net",
		"struct cred":           "uid.val euid.val cap_effective",
		"struct linux_binprm":   "filename argc envc file",
		"struct pt_regs":        "ip sp ax di si dx",
		"struct kernfs_node":    "id name",
		"struct page":           "flags mapping _refcount.counter",
		"struct vm_area_struct": "vm_start vm_end vm_flags vm_file",
		"struct softirq_action": "action",
		"struct irq_desc":       "irq_data.irq action depth",
		"struct seq_file":       "buf size count private",
	}
	var source strings.Builder
	source.WriteString(prologue + "long out;\n")
	n := 0
	for typ, members := range accesses {
		fmt.Fprintf(&source, "SEC(\"raw_tp/f%d\") int f%[1]d(u64 *ctx)\n{\n\t%s *p = (void *)ctx[0];\n", n, typ)
		for _, m := range strings.Fields(members) {
			if !hasMember(t, kernel, typ, m) {
				continue
			}
			fmt.Fprintf(&source, "\tout += bpf_core_field_exists(p->%s) + bpf_core_field_size(p->%[1]s) + (long)__builtin_preserve_access_index(&p->%[1]s);\n", m)
		}
		fmt.Fprint(&source, "\treturn 0;\n}\n")
		n++
	}
	ours := resolved(t, mustCompile(t, merged(t), source.String()), kernel)
	theirs := resolved(t, mustCompile(t, printed(t, "running"), source.String()), kernel)
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("relocations (-kernel's header +merged header):\n%s", diff)
	}
	total := 0
	for _, fixups := range ours {
		total += len(fixups)
	}
	if total < 300 {
		t.Errorf("only %d relocations were compared", total)
	}
}
