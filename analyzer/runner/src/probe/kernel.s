// The probe: does what a guest does in its first milliseconds, and says on the
// debug console how far it came. What goes wrong ends it with {failed}; a fault
// resets the machine, since there are no handlers.
//
// It is linked into the host's program as data. So every absolute address is that
// of the loaded copy: {code} + its distance from the start.

    .section .rodata.capbench_probe, "a", @progbits
    .balign 16
    .global capbench_probe_start
    .global capbench_probe_end

    .macro reached step
    call say
    .asciz "\step\n"
    .endm

// As the PVH protocol hands over: 32-bit code, flat segments, no paging, the
// address of the start information in EBX.
    .code32
capbench_probe_start:
    cld
    mov esp, {kernel_stack}
    mov ebp, ebx

    // The first 4 GiB where they are, in pages of 2 MiB that ring 3 may use.
    // The tables are zero from the start.
    mov dword ptr [{tables}], {tables} + 0x1000 + 7
    mov dword ptr [{tables} + 0x1000], {tables} + 0x2000 + 7
    mov dword ptr [{tables} + 0x1008], {tables} + 0x3000 + 7
    mov dword ptr [{tables} + 0x1010], {tables} + 0x4000 + 7
    mov dword ptr [{tables} + 0x1018], {tables} + 0x5000 + 7
    mov edi, {tables} + 0x2000
    mov eax, 0x87
map:
    mov [edi], eax
    add edi, 8
    add eax, 1 << 21
    jnc map                     // until the address wraps

    mov eax, {tables}
    mov cr3, eax
    mov eax, cr4
    or eax, (1 << 5) | (1 << 9) | (1 << 10) // PAE OSFXSR OSXMMEXCPT
    mov cr4, eax
    mov ecx, 0xc0000080         // EFER
    rdmsr
    or eax, (1 << 0) | (1 << 8) // SCE LME
    wrmsr
    mov eax, cr0
    and eax, ~(1 << 2)          // EM
    or eax, (1 << 31) | (1 << 1) // PG MP
    mov cr0, eax
    // `lgdt` and a far jump to selector 8, as bytes: their operands are distances.
    .byte 0x0f, 0x01, 0x15
    .long {code} + gdt_pointer - capbench_probe_start
    .byte 0xea
    .long {code} + long_mode - capbench_probe_start
    .word 8

    .code64
long_mode:
    mov ax, 16
    mov ss, ax
    xor eax, eax
    mov ds, ax
    mov es, ax
    mov r14d, ebp               // the start information

    // Which hypervisor this is. Its name may be filled up with zeros.
    mov eax, 0x40000000
    cpuid
    mov [rip + signature], ebx
    mov [rip + signature + 4], ecx
    mov [rip + signature + 8], edx
    lea rsi, [rip + signature]
    mov ecx, 13
    mov edx, {debug_console}
    rep outsb
    reached "long mode"

    call sse
    reached "SSE"

    mov eax, 0x00f00100
    popcnt ecx, eax
    cmp ecx, 5
    jne fail
    rep bsf ecx, eax            // tzcnt, or its older equal
    cmp ecx, 8
    jne fail
    bsr ecx, eax
    cmp ecx, 23
    jne fail
    reached "bit counting"

    // Down by `iretq`, up by `syscall`; down by `sysretq`, up again.
    mov ecx, 0xc0000081         // STAR: kernel at 8, user at 16 + 8
    mov edx, 8 | ((16 | 3) << 16)
    xor eax, eax
    wrmsr
    inc ecx                     // LSTAR
    lea rax, [rip + system_call]
    mov rdx, rax
    shr rdx, 32
    wrmsr
    mov ecx, 0xc0000084         // SFMASK
    xor eax, eax
    xor edx, edx
    wrmsr
    mov r13d, 2                 // system calls to come
    push 24 | 3
    push {user_stack}
    push 2
    push 32 | 3
    lea rax, [rip + ring_3]
    push rax
    iretq
ring_3:
    mov eax, cs
    push rax
    call sse
    pop rax
    syscall
    jmp ring_3
system_call:
    and eax, 3
    cmp eax, 3
    jne fail
    dec r13d
    jz back
    sysretq
back:
    mov esp, {kernel_stack}
    reached "ring 3"

    call find_console
    call send_frame
    reached "a frame over virtio-serial"
    mov al, {clean}
    jmp leave
fail:
    mov al, {failed}
// QEMU may run on for a while after the write.
leave:
    out {exit_port}, al
stop:
    hlt
    jmp stop

// Writes the text behind the call, to its zero, and returns behind that.
say:
    pop rsi
1:  lodsb
    test al, al
    jz 2f
    out {debug_console}, al
    jmp 1b
2:  jmp rsi

// Whole numbers and fractions, saved and restored, at either privilege.
sse:
    movdqu xmm1, [rip + quads]
    paddq xmm1, xmm1
    mov eax, 1764
    cvtsi2sd xmm2, eax
    sqrtsd xmm2, xmm2
    fxsave64 [rip + saved]
    xorps xmm1, xmm1
    xorps xmm2, xmm2
    fxrstor64 [rip + saved]
    movq rax, xmm1
    cmp rax, 42
    jne fail
    cvttsd2si eax, xmm2
    cmp eax, 42
    jne fail
    ret

// Leaves the common registers of the virtio console in RBX, its doorbells in RBP
// and their distance in R12. Bus 0 is where the envelope puts it.
find_console:
    mov r15d, 1 << 31           // its configuration space
1:  xor eax, eax
    call read_configuration
    cmp eax, 0x10431af4         // a modern virtio console
    je 2f
    add r15d, 1 << 11
    cmp r15d, (1 << 31) | (1 << 16)
    jne 1b
    jmp fail
2:  mov eax, 0x34               // the first capability
    call read_configuration
    movzx r8d, al
3:  mov eax, r8d
    call read_configuration
    mov r9d, eax                // id, next, length, kind of structure
    cmp al, 9                   // the vendor's own
    jne 5f
    shr eax, 24
    cmp eax, 1                  // the common registers
    je 4f
    cmp eax, 2                  // the doorbells
    jne 5f
    lea eax, [r8 + 16]
    call read_configuration
    mov r12d, eax
    call place_structure
    mov rbp, rax
    jmp 5f
4:  call place_structure
    mov rbx, rax
5:  movzx r8d, r9w
    shr r8d, 8
    jnz 3b
    mov eax, 4                  // answers at its addresses, reads memory
    mov ecx, (1 << 1) | (1 << 2)
    jmp write_configuration

// The address of the structure that the capability at R8 describes. The firmware
// assigns no addresses, so its BAR gets one that is free in this machine.
place_structure:
    lea eax, [r8 + 4]
    call read_configuration
    movzx eax, al               // which BAR
    lea eax, [rax * 4 + 0x10]
    mov ecx, {registers}
    call write_configuration
    lea eax, [r8 + 8]
    call read_configuration     // the offset in it
    add eax, {registers}
    ret

// The word at EAX of the device, in EAX.
read_configuration:
    call select_word
    in eax, dx
    ret
// ECX to the word at EAX of the device.
write_configuration:
    call select_word
    mov eax, ecx
    out dx, eax
    ret
select_word:
    or eax, r15d
    mov edx, 0xcf8
    out dx, eax
    mov edx, 0xcfc
    ret

// Sends the boot image, which is a frame, through port 1.
send_frame:
    mov byte ptr [rbx + 0x14], 0 // reset
    mov byte ptr [rbx + 0x14], 3 // seen, driven
    mov dword ptr [rbx + 8], 0
    mov dword ptr [rbx + 12], 2 // several ports
    mov dword ptr [rbx + 8], 1
    mov dword ptr [rbx + 12], 1 // version 1
    mov byte ptr [rbx + 0x14], 11
    test byte ptr [rbx + 0x14], 8 // features accepted
    jz fail
    mov r8d, [r14 + 16]         // the first module of the start information
    mov rax, [r8]
    mov [rip + frame_queue], rax
    mov rax, [r8 + 8]
    mov [rip + frame_queue + 8], eax
    mov ecx, 3
    lea rsi, [rip + control_queue]
    call set_up_queue
    mov ecx, 5
    lea rsi, [rip + frame_queue]
    call set_up_queue
    mov byte ptr [rbx + 0x14], 15 // ready
    mov ecx, 3
    lea rsi, [rip + control_queue]
    call hand_over
    mov ecx, 5
    lea rsi, [rip + frame_queue]
    jmp hand_over

// Tells the device of queue ECX at RSI.
set_up_queue:
    mov [rbx + 0x16], cx
    mov word ptr [rbx + 0x18], 4 // entries
    mov [rbx + 0x20], esi
    lea eax, [rsi + available]
    mov [rbx + 0x28], eax
    lea eax, [rsi + used]
    mov [rbx + 0x30], eax
    mov word ptr [rbx + 0x1c], 1
    ret

// Rings for queue ECX at RSI and waits until the device has used all of it. The
// host limits the wait.
hand_over:
    mov [rbx + 0x16], cx
    movzx eax, word ptr [rbx + 0x1e]
    imul eax, r12d
    mov [rbp + rax], cx
    mov ax, [rsi + available + 2]
1:  pause
    cmp [rsi + used + 2], ax
    jne 1b
    ret

    .balign 8
gdt:
    .quad 0
    .quad 0x00af9a000000ffff    // 8: code
    .quad 0x00cf92000000ffff    // 16: data
    .quad 0x00cff2000000ffff    // 24: data of ring 3
    .quad 0x00affa000000ffff    // 32: code of ring 3
gdt_pointer:
    .word 39
    .long {code} + gdt - capbench_probe_start

signature:
    .fill 12, 1, 0
    .ascii "\n"
    .balign 16
quads:
    .quad 21, 21
saved:
    .fill 512, 1, 0

// Queues of four entries: descriptors, then what is on offer, then what was used.
// Both are on offer from the start, and nobody wants an interrupt.
    .set available, 64
    .set used, 80
    .macro descriptor address, length
    .quad \address
    .long \length
    .word 0, 0
    .endm

    .balign 16
control_queue:
    descriptor {code} + messages - capbench_probe_start, 8
    descriptor {code} + messages + 8 - capbench_probe_start, 8
    descriptor {code} + messages + 16 - capbench_probe_start, 8
    descriptor 0, 0
    .word 1, 3, 0, 1, 2, 0, 0, 0
    .fill 40, 1, 0
    .balign 16
frame_queue:
    descriptor 0, 0             // the boot image
    .fill 48, 1, 0
    .word 1, 1, 0, 0, 0, 0, 0, 0
    .fill 40, 1, 0

// Port, event, value. The device's answers are not asked for: the envelope has
// one port, and it is port 1.
messages:
    .long 0
    .word 0, 1                  // the driver is ready
    .long 1
    .word 3, 1                  // port 1 is ready
    .long 1
    .word 6, 1                  // port 1 is open

capbench_probe_end:
    .text
