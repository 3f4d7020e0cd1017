/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The members of kernel structures that the programs read. Their places are
 * found in the running kernel's own type information when a program is loaded
 * (CO-RE), so this file names only what is used.
 */
#ifndef CAPBENCH_KERNEL_H
#define CAPBENCH_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* The registers a system call was entered with. */
struct pt_regs {
	unsigned long orig_ax;
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
};

#pragma clang attribute pop

#endif
