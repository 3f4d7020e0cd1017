// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Markers: a second clock for a loop that the program times itself.
//
// The program calls a marked function right before and right after a loop, and
// says in its argument which of the two it is. In the guest the function is
// the kernel's getpgid; on a host that offers no kernel probes it is one of
// the program's own. Either way the kernel takes the time, by its own clock.

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* No process has these ids: the marked getpgid fails at once. Keep in step
 * with instrument/markers.rs, like the structure below. */
#define EDGE_OPEN (-2)
#define EDGE_CLOSE (-3)

struct marked {
	__u64 opened_ns;
	__u64 total_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct marked);
} loops SEC(".maps");

static __always_inline int mark(int edge, __u64 now)
{
	__u32 only = 0;
	struct marked *marked = bpf_map_lookup_elem(&loops, &only);

	if (!marked)
		return 0;
	if (edge == EDGE_OPEN) {
		marked->opened_ns = now;
	} else if (edge == EDGE_CLOSE && marked->opened_ns) {
		marked->total_ns += now - marked->opened_ns;
		marked->opened_ns = 0;
	}
	return 0;
}

/* On entry of the kernel's __x64_sys_getpgid, whose only parameter points to
 * the registers of the caller; their layout is part of the kernel's ABI. */
SEC("kprobe")
int mark_in_kernel(struct pt_regs *context)
{
	__u64 now = bpf_ktime_get_ns();
	struct pt_regs *caller = (struct pt_regs *)PT_REGS_PARM1(context);
	unsigned long edge = 0;

	bpf_probe_read_kernel(&edge, sizeof(edge), &PT_REGS_PARM1(caller));
	return mark(edge, now);
}

/* On entry of a function of the program. */
SEC("uprobe")
int mark_in_program(struct pt_regs *context)
{
	__u64 now = bpf_ktime_get_ns();

	return mark(PT_REGS_PARM1(context), now);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
