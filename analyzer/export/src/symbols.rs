//! Names of a kernel's code, from its ELF image or its System.map.
//!
//! Promises a name only inside of a function: it ends where its size says, else where
//! the next symbol begins or the code does not go on. What lies behind has none,
//! for modules, data and the vsyscall page lie above a kernel's last function.

use std::collections::BTreeSet;
use std::path::Path;

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

use crate::error::ExportError;

/// Names that a linker script gives to the ends of code. No code begins there.
const ENDS_OF_CODE: [&str; 3] = ["_etext", "_einittext", "__exittext_end"];

/// Functions by address.
#[derive(Debug, Default)]
pub struct Symbols {
    /// Ascending, one for each start.
    functions: Vec<Function>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Function {
    start: u64,
    name: String,
    /// Its first address behind it, unless another function begins before.
    end: u64,
}

impl Symbols {
    /// Reads the functions of `path`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or names no function: a stripped image, say.
    pub fn read(path: &Path) -> Result<Self, ExportError> {
        let bytes = std::fs::read(path).map_err(ExportError::io(path))?;
        let failed = |reason: String| ExportError::Symbols {
            path: path.to_owned(),
            reason,
        };
        let symbols = if bytes.starts_with(&object::elf::ELFMAG) {
            Self::from_elf(&bytes).map_err(|error| failed(error.to_string()))?
        } else {
            let text = std::str::from_utf8(&bytes);
            Self::from_map(text.map_err(|_| failed("this is no ELF image".into()))?)
        };
        if symbols.functions.is_empty() {
            return Err(failed("it names no functions".into()));
        }
        Ok(symbols)
    }

    fn from_elf(image: &[u8]) -> Result<Self, object::Error> {
        let file = object::File::parse(image)?;
        let functions = file.symbols().filter(|symbol| {
            symbol.kind() == SymbolKind::Text && symbol.is_definition() && symbol.address() != 0
        });
        let named = functions.filter_map(|symbol| {
            let name = symbol.name().ok().filter(|name| !name.is_empty())?;
            let start = symbol.address();
            let end = match symbol.size() {
                // Assembly often states none.
                0 => {
                    let section = file.section_by_index(symbol.section_index()?).ok()?;
                    section.address().saturating_add(section.size())
                }
                size => start.saturating_add(size),
            };
            let name = name.to_owned();
            Some(Function { start, name, end })
        });
        Ok(Self::sorted(named.collect()))
    }

    /// Lines of address, type and name, as `nm` and `/proc/kallsyms` print them.
    /// What is no such line is passed over.
    ///
    /// A map states no sizes, so that a function ends at the next symbol of whatever
    /// kind. Behind the last symbol nothing says how far the code goes: a function
    /// there has its first address only.
    fn from_map(text: &str) -> Self {
        let symbol = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let address = u64::from_str_radix(words.next()?, 16).ok()?;
            let kind = words.next()?.chars().next()?;
            let name = words.next()?.to_owned();
            // Absolute symbols are numbers and lie nowhere.
            (address != 0 && !matches!(kind, 'a' | 'A')).then_some((address, kind, name))
        };
        let symbols: Vec<(u64, char, String)> = text.lines().filter_map(symbol).collect();
        let addresses: BTreeSet<u64> = symbols.iter().map(|(address, ..)| *address).collect();
        let functions = symbols.into_iter().filter_map(|(start, kind, name)| {
            let code = matches!(kind, 't' | 'T' | 'w' | 'W');
            if !code || ENDS_OF_CODE.contains(&name.as_str()) {
                return None;
            }
            let behind = start.saturating_add(1);
            let next = addresses.range(behind..).next().copied();
            let end = next.unwrap_or(behind);
            Some(Function { start, name, end })
        });
        Self::sorted(functions.collect())
    }

    fn sorted(mut functions: Vec<Function>) -> Self {
        for function in &mut functions {
            function.name = readable(&function.name);
        }
        // Of several names of one address the same one every time.
        functions.sort();
        functions.dedup_by_key(|function| function.start);
        Self { functions }
    }

    /// The function that holds `address`.
    pub fn name(&self, address: u64) -> Option<&str> {
        let behind = self
            .functions
            .partition_point(|function| function.start <= address);
        let function = self.functions.get(behind.checked_sub(1)?)?;
        (address < function.end).then_some(function.name.as_str())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.functions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }
}

/// A name as it stands in the source, where the compiler mangled it; the hash that
/// tells two builds apart is left out.
fn readable(name: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const MAP: &str = "\
ffffffff81000000 T _text
ffffffff81000100 t do_syscall_64
ffffffff81000100 T same_address
ffffffff82000000 D data
not a line
";

    #[test]
    fn an_address_belongs_to_the_function_before_it() {
        let symbols = Symbols::from_map(MAP);
        assert_eq!(symbols.len(), 2);
        assert_eq!(symbols.name(0xffff_ffff_8100_00ff), Some("_text"));
        assert_eq!(symbols.name(0xffff_ffff_8100_0100), Some("do_syscall_64"));
        assert_eq!(symbols.name(0x1000), None);
    }

    fn function(start: u64, end: u64, name: &str) -> Function {
        let name = name.to_owned();
        Function { start, name, end }
    }

    #[test]
    fn a_known_length_ends_a_function() {
        let symbols = Symbols::sorted(vec![function(16, 20, "f")]);
        assert_eq!(symbols.name(19), Some("f"));
        assert_eq!(symbols.name(20), None);
    }

    #[test]
    fn what_lies_behind_the_code_of_a_map_has_no_name() {
        let map = "\
0000000000000000 D __per_cpu_start
ffffffff81000000 T _text
ffffffff81000100 t do_syscall_64
ffffffff81c00000 T _etext
ffffffff82000000 D init_task
ffffffff83000000 T _sinittext
ffffffff83090000 T _einittext
ffffffff83a00000 B _end
";
        let symbols = Symbols::from_map(map);
        assert_eq!(symbols.name(0xffff_ffff_81bf_ffff), Some("do_syscall_64"));
        assert_eq!(symbols.name(0xffff_ffff_8300_0000), Some("_sinittext"));
        for nothing in [
            0xffff_ffff_81c0_0000,
            0xffff_ffff_8200_0000,
            0xffff_ffff_8309_0000,
            // A module and the vsyscall page.
            0xffff_ffff_c000_1234,
            0xffff_ffff_ff60_0000,
        ] {
            assert_eq!(symbols.name(nothing), None, "{nothing:#x}");
        }
    }

    #[test]
    fn the_last_function_of_a_map_that_ends_with_it_has_its_first_address_only() {
        let symbols = Symbols::from_map("ffffffff81000000 T last\n");
        assert_eq!(symbols.name(0xffff_ffff_8100_0000), Some("last"));
        assert_eq!(symbols.name(0xffff_ffff_8100_0001), None);
    }

    /// An ELF image with a section of code at 0x1000, 0x100 bytes long, and symbols in
    /// it by start and size, each of the name `f`.
    fn image(symbols: &[(u64, u64)]) -> Vec<u8> {
        const HEADER: u64 = 64;
        let mut table = vec![0; 24];
        for (start, size) in symbols {
            // A global function of section 1.
            table.extend(1u32.to_le_bytes());
            table.extend([0x12, 0, 1, 0]);
            table.extend(start.to_le_bytes());
            table.extend(size.to_le_bytes());
        }
        let names = b"\0f\0";
        let strings = HEADER + table.len() as u64;
        let sections = strings + names.len() as u64;
        let mut image = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        image.extend([2, 0, 62, 0, 1, 0, 0, 0]);
        for word in [0, 0, sections] {
            image.extend(word.to_le_bytes());
        }
        image.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 4, 0, 3, 0]);
        image.extend(&table);
        image.extend(names);
        // Type, address, offset, size, link, entry size.
        for [kind, address, offset, size, link, entry] in [
            [0; 6],
            [1, 0x1000, HEADER, 0x100, 0, 0],
            [2, 0, HEADER, table.len() as u64, 3, 24],
            [3, 0, strings, names.len() as u64, 0, 0],
        ] {
            image.extend(0u32.to_le_bytes());
            image.extend((kind as u32).to_le_bytes());
            for word in [0, address, offset, size] {
                image.extend(word.to_le_bytes());
            }
            image.extend((link as u32).to_le_bytes());
            image.extend(0u32.to_le_bytes());
            for word in [1, entry] {
                image.extend(word.to_le_bytes());
            }
        }
        image
    }

    #[test]
    fn a_function_of_an_image_ends_with_its_size_or_its_section() {
        let symbols = Symbols::from_elf(&image(&[(0x1000, 0x10), (0x1080, 0)])).unwrap();
        assert_eq!(symbols.len(), 2);
        for (address, name) in [
            (0x100f, Some("f")),
            (0x1010, None),
            (0x1080, Some("f")),
            (0x10ff, Some("f")),
            (0x1100, None),
            (u64::MAX, None),
        ] {
            assert_eq!(symbols.name(address), name, "{address:#x}");
        }
    }

    #[test]
    fn rust_names_are_those_of_the_source() {
        let legacy = "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE";
        let v0 = "_RNvNtCsdp3ANApqY87_6kernel4boot4main";
        let symbols = [(16, 8, legacy), (24, 8, v0), (32, 8, "_start")];
        let symbols = symbols.map(|(start, length, name)| function(start, start + length, name));
        let symbols = Symbols::sorted(symbols.into());
        assert_eq!(symbols.name(16), Some("core::fmt::Formatter::pad"));
        assert_eq!(symbols.name(24), Some("kernel::boot::main"));
        assert_eq!(symbols.name(32), Some("_start"));
    }

    #[test]
    fn a_file_without_functions_says_what_to_pass() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"ffffffffffffffff B The\n").unwrap();
        let error = Symbols::read(file.path()).unwrap_err().to_string();
        assert!(error.contains("System.map"), "{error}");
    }
}
