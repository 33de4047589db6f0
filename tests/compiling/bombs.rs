//! Components that no toolchain makes: a guest with one more core module in it, that nobody uses and
//! that has to be compiled all the same.

use crate::stage::component;

/// A plugin with a core module more.
pub fn with_module(module: &[u8]) -> Vec<u8> {
    let mut bytes = component("guests/constant");
    bytes.extend(section(1, module.to_vec()));
    bytes
}

/// Functions that do nothing: four bytes of the file each, and a thousand times that to compile.
pub fn functions(count: usize) -> Vec<u8> {
    module(&vec![vec![0, 0x0b]; count])
}

/// One function of blocks inside each other.
pub fn blocks(depth: usize) -> Vec<u8> {
    let code = [[0x02, 0x40].repeat(depth), vec![0x0b; depth + 1]];
    module(&[[vec![0], code.concat()].concat()])
}

/// One function of branches one after the other.
pub fn branches(count: usize) -> Vec<u8> {
    let branch = [0x41, 1, 0x0d, 0];
    let code = [vec![0x02, 0x40], branch.repeat(count), vec![0x0b, 0x0b]];
    module(&[[vec![0], code.concat()].concat()])
}

/// A core module of functions of type `() -> ()`, each its locals and its code.
fn module(bodies: &[Vec<u8>]) -> Vec<u8> {
    let count = leb(bodies.len());
    let types = vec![1, 0x60, 0, 0];
    let functions = [count.clone(), vec![0; bodies.len()]].concat();
    let mut code = count;
    for body in bodies {
        code.extend(leb(body.len()));
        code.extend(body);
    }
    let sections = [section(1, types), section(3, functions), section(10, code)];
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

fn section(id: u8, content: Vec<u8>) -> Vec<u8> {
    [vec![id], leb(content.len()), content].concat()
}

/// LEB128, as WebAssembly writes its numbers.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
