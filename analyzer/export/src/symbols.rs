//! Names of a kernel's code, from its ELF image or its System.map.

use std::path::Path;

use object::{Object, ObjectSymbol, SymbolKind};

use crate::error::ExportError;

/// Functions by address.
#[derive(Debug, Default)]
pub struct Symbols {
    /// Start, length (0 is unknown) and name, ascending.
    functions: Vec<(u64, u64, String)>,
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
            Some((symbol.address(), symbol.size(), name.to_owned()))
        });
        Ok(Self::sorted(named.collect()))
    }

    /// Lines of address, type and name, as `nm` and `/proc/kallsyms` print them.
    /// What is no such line, or names no code, is passed over.
    fn from_map(text: &str) -> Self {
        let functions = text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let address = u64::from_str_radix(words.next()?, 16).ok()?;
            let kind = words.next()?;
            let name = words.next()?.to_owned();
            (matches!(kind, "t" | "T" | "w" | "W") && address != 0).then_some((address, 0, name))
        });
        Self::sorted(functions.collect())
    }

    fn sorted(mut functions: Vec<(u64, u64, String)>) -> Self {
        for (.., name) in &mut functions {
            *name = readable(name);
        }
        // Of several names of one address the same one every time.
        functions.sort();
        functions.dedup_by_key(|(address, ..)| *address);
        Self { functions }
    }

    /// The function that holds `address`.
    pub fn name(&self, address: u64) -> Option<&str> {
        let behind = self
            .functions
            .partition_point(|(start, ..)| *start <= address);
        let (start, length, name) = self.functions.get(behind.checked_sub(1)?)?;
        let holds = *length == 0 || address - start < *length;
        holds.then_some(name.as_str())
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

    #[test]
    fn a_known_length_ends_a_function() {
        let symbols = Symbols::sorted(vec![(16, 4, "f".into())]);
        assert_eq!(symbols.name(19), Some("f"));
        assert_eq!(symbols.name(20), None);
    }

    #[test]
    fn rust_names_are_those_of_the_source() {
        let legacy = "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE";
        let v0 = "_RNvNtCsdp3ANApqY87_6kernel4boot4main";
        let symbols = [(16, 8, legacy), (24, 8, v0), (32, 8, "_start")];
        let symbols = symbols.map(|(start, length, name)| (start, length, name.to_owned()));
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
