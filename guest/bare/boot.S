// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Multiboot (version 1) entry, and one entry for each of the 256 interrupt vectors.

  .set kMagic, 0x1BADB002
  .set kFlags, 2  // wants memory information, with which comes the command line
  .set kStackBytes, 16384
  .set kCode, 0x08
  .set kData, 0x10

  .section .multiboot, "a"
  .align 4
  .long kMagic, kFlags, -(kMagic + kFlags)

  .text
  .globl start
start:
  cli
  mov $stack_end, %esp
  lgdt gdt_pointer
  ljmp $kCode, $1f
1:
  mov $kData, %ecx
  mov %ecx, %ds
  mov %ecx, %es
  mov %ecx, %fs
  mov %ecx, %gs
  mov %ecx, %ss
  xor %ebp, %ebp
  cld
  sub $8, %esp  // so that the stack is aligned by 16 at the call
  push %ebx     // the loader's information
  push %eax     // its magic
  call main
2:
  hlt
  jmp 2b

// Each entry leaves the same frame: an error code, 0 where the processor pushes none, the vector.
  .align 16
  .globl interrupt_entries
interrupt_entries:
  .set vector, 0
  .rept 256
  .align 16
  .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
  .else
  push $0
  .endif
  push $vector
  jmp interrupt_common
  .set vector, vector + 1
  .endr

interrupt_common:
  pusha
  cld
  mov %esp, %eax
  mov %esp, %ebp
  and $-16, %esp
  sub $12, %esp
  push %eax
  call interrupt_take
  mov %ebp, %esp
  popa
  add $8, %esp
  iret

  .section .rodata
  .align 8
gdt:
  .quad 0
  .quad 0x00CF9B000000FFFF  // code: base 0, 4 GiB
  .quad 0x00CF93000000FFFF  // data: the same
gdt_pointer:
  .word . - gdt - 1
  .long gdt

  .bss
  .align 16
  .skip kStackBytes
stack_end:
  .section .note.GNU-stack, "", @progbits
