// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Counts and histograms of what the kernel does for the measured program: its
// own threads, and the children it starts.
//
// Counting costs the measured loop several times its own length, so what a
// boot with this instrument measures is compared with nothing but itself.

#include "kernel.h"
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* Keep all of these in step with instrument/counts.rs. */
#define BUCKETS 40
#define SYSCALLS 512

struct syscall {
	__u64 enters;
	__u64 exits;
	/* Returns that the kernel turns into another enter, because something
	 * unrelated interrupted the call. */
	__u64 restarts;
	/* From enter to exit, of calls that return. */
	__u64 total_ns;
	__u64 log2_ns[BUCKETS];
};

struct scheduling {
	__u64 user_page_faults;
	__u64 wakeups;
	__u64 switches_to;
	/* From being woken to running. */
	__u64 wakeup_log2_ns[BUCKETS];
};

struct in_syscall {
	__u64 entered_ns;
	__u64 number;
};

/* Process id of the measured program, set before loading. */
const volatile __u32 measured;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALLS);
	__type(key, __u32);
	__type(value, struct syscall);
} syscalls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scheduling);
} scheduling SEC(".maps");

/* Results that never leave the kernel: the call is entered again. */
#define ERESTARTSYS 512
#define ERESTARTNOHAND 514

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct in_syscall);
} in_syscall SEC(".maps");

/* Time of waking, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} woken SEC(".maps");

static __always_inline bool is_measured(struct task_struct *task)
{
	return BPF_CORE_READ(task, tgid) == measured ||
	       BPF_CORE_READ(task, real_parent, tgid) == measured;
}

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* The logarithm to base 2, rounded down; 0 for 0. */
static __always_inline __u32 log2_of(__u64 value)
{
	__u32 result = 0;

#pragma unroll
	for (int shift = 32; shift; shift /= 2) {
		if (value >> shift) {
			value >>= shift;
			result += shift;
		}
	}
	return result;
}

static __always_inline void count_in(__u64 *buckets, __u64 ns)
{
	__u32 bucket = log2_of(ns);

	count(&buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]);
}

static __always_inline struct scheduling *scheduling_entry(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&scheduling, &only);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(count_enter, struct pt_regs *registers, long number)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct in_syscall in = { .number = number };
	struct syscall *syscall;
	__u32 key = number;
	__u32 thread;

	if (!is_measured(task))
		return 0;
	syscall = bpf_map_lookup_elem(&syscalls, &key);
	if (!syscall)
		return 0;
	count(&syscall->enters);
	thread = BPF_CORE_READ(task, pid);
	in.entered_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&in_syscall, &thread, &in, BPF_ANY);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(count_exit, struct pt_regs *registers, long result)
{
	__u64 now = bpf_ktime_get_ns();
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 thread = BPF_CORE_READ(task, pid);
	/* A new thread returns from a call it has not entered. */
	struct in_syscall *in = bpf_map_lookup_elem(&in_syscall, &thread);
	struct syscall *syscall;
	__u32 key;

	if (!in)
		return 0;
	key = in->number;
	syscall = bpf_map_lookup_elem(&syscalls, &key);
	if (syscall) {
		__u64 ns = now - in->entered_ns;

		count(&syscall->exits);
		if (result <= -ERESTARTSYS && result >= -ERESTARTNOHAND)
			count(&syscall->restarts);
		__sync_fetch_and_add(&syscall->total_ns, ns);
		count_in(syscall->log2_ns, ns);
	}
	bpf_map_delete_elem(&in_syscall, &thread);
	return 0;
}

static __always_inline int wake(struct task_struct *task)
{
	struct scheduling *entry = scheduling_entry();
	__u64 now = bpf_ktime_get_ns();
	__u32 thread;

	if (!entry || !is_measured(task))
		return 0;
	count(&entry->wakeups);
	thread = BPF_CORE_READ(task, pid);
	bpf_map_update_elem(&woken, &thread, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(count_wakeup, struct task_struct *task)
{
	return wake(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(count_wakeup_new, struct task_struct *task)
{
	return wake(task);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(count_switch, bool preempted, struct task_struct *from, struct task_struct *to)
{
	__u64 now = bpf_ktime_get_ns();
	struct scheduling *entry = scheduling_entry();
	__u32 thread;
	__u64 *woken_ns;

	if (!entry || !is_measured(to))
		return 0;
	count(&entry->switches_to);
	thread = BPF_CORE_READ(to, pid);
	woken_ns = bpf_map_lookup_elem(&woken, &thread);
	if (woken_ns) {
		count_in(entry->wakeup_log2_ns, now - *woken_ns);
		bpf_map_delete_elem(&woken, &thread);
	}
	return 0;
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(count_page_fault)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct scheduling *entry = scheduling_entry();

	if (entry && is_measured(task))
		count(&entry->user_page_faults);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
