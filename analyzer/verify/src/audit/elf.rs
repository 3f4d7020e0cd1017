//! The sections of an ELF image, as far as an audit asks.
//!
//! Every offset is checked against what is there; a broken image is an error.

/// A section's bytes and where they are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    pub address: u64,
    pub bytes: &'a [u8],
}

/// 64-bit, little-endian.
const IDENT: [u8; 6] = [0x7F, b'E', b'L', b'F', 2, 1];

const HEADER: usize = 64;

/// The section of this name.
pub fn section<'a>(image: &'a [u8], name: &str) -> Result<Section<'a>, String> {
    if !image.starts_with(&IDENT) {
        return Err("it is no 64-bit ELF image".to_owned());
    }
    let broken = || "its section table leads out of it".to_owned();
    let table = number::<8>(image, 0x28).ok_or_else(broken)?;
    let [size, count, names] = [0x3A, 0x3C, 0x3E].map(|at| number::<2>(image, at).unwrap_or(0));
    if size < HEADER {
        return Err(broken());
    }
    let header = |index: usize| {
        let at = index.checked_mul(size)?.checked_add(table)?;
        image.get(at..at.checked_add(HEADER)?)
    };
    let content = |header: &[u8]| {
        let (offset, length) = (number::<8>(header, 0x18)?, number::<8>(header, 0x20)?);
        image.get(offset..offset.checked_add(length)?)
    };
    let names = header(names).and_then(content).ok_or_else(broken)?;
    for index in 0..count {
        let header = header(index).ok_or_else(broken)?;
        let own = number::<4>(header, 0).and_then(|at| names.get(at..));
        let own = own.and_then(|rest| rest.split(|&byte| byte == 0).next());
        if own == Some(name.as_bytes()) {
            let address = number::<8>(header, 0x10).ok_or_else(broken)? as u64;
            let bytes = content(header).ok_or_else(broken)?;
            return Ok(Section { address, bytes });
        }
    }
    Err(format!("it has no section {name}"))
}

fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..at.checked_add(BYTES)?)?;
    let number = field
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte));
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_image_or_a_cut_one_is_an_error() {
        assert!(section(b"no image", ".text").is_err());
        let mut image = IDENT.to_vec();
        assert!(section(&image, ".text").is_err());
        image.resize(HEADER, 0xFF);
        assert!(section(&image, ".text").is_err());
    }

    #[test]
    fn this_very_program_has_code() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let text = section(&own, ".text").unwrap();
        assert!(!text.bytes.is_empty() && text.address > 0);
        assert!(section(&own, ".none").is_err());
    }
}
