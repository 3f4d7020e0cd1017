#![no_std]
#![no_main]
use guest_runtime::*;
entry_point!(main);
fn main() -> i64 {
    let mut ring = ring::Ring::take().unwrap();
    let program = platform::program(&mut ring).unwrap();
    let console = console::find().unwrap();
    for i in 0..16u64 {
        ring.push(&abi::ring::Sqe {
            opcode: 5,
            user_data: i,
            ..Default::default()
        });
    }
    let n = syscall::cap_enter(16, u64::MAX).unwrap();
    let mut ok = 0;
    while let Some(c) = ring.pop() {
        if c.user_data == ok && c.result == 0 {
            ok += 1;
        }
    }
    console::write_line(
        &mut ring,
        console,
        format_args!("{} hello {n} {ok} {:?}", program.name, program.parameters),
    )
    .unwrap();
    0
}
