//! UTF-8 that arrives in pieces, which may end inside a character (RFC 3629).

/// What is known of the character at the end of what came so far.
#[derive(Debug, Default)]
pub struct Utf8 {
    partial: [u8; 4],
    length: usize,
}

impl Utf8 {
    /// Takes the next piece; false when no continuation can make it valid.
    pub fn take(&mut self, mut bytes: &[u8]) -> bool {
        while self.length > 0 {
            let Some((first, rest)) = bytes.split_first() else {
                return true;
            };
            self.partial[self.length] = *first;
            self.length += 1;
            bytes = rest;
            match std::str::from_utf8(&self.partial[..self.length]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        let Err(error) = std::str::from_utf8(bytes) else {
            return true;
        };
        let rest = &bytes[error.valid_up_to()..];
        if error.error_len().is_none() {
            self.partial[..rest.len()].copy_from_slice(rest);
            self.length = rest.len();
        }
        error.error_len().is_none()
    }

    /// Whether what came so far ends with a whole character.
    pub fn is_whole(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Utf8;

    fn is_valid(bytes: &[u8], step: usize) -> bool {
        let mut utf8 = Utf8::default();
        bytes.chunks(step).all(|piece| utf8.take(piece)) && utf8.is_whole()
    }

    #[test]
    fn any_cut_gives_the_same_answer() {
        let cases: [(&[u8], bool); 8] = [
            ("Vaněk na vodě 🛶".as_bytes(), true),
            (b"", true),
            (b"\xF0\x9F\x9B", false),
            (b"\xC0\xAF", false),
            (b"\xED\xA0\x80", false),
            (b"\xF4\x90\x80\x80", false),
            (b"plain\x80", false),
            (b"\xE2\x82\xACuro", true),
        ];
        for (bytes, valid) in cases {
            for step in 1..=bytes.len().max(1) {
                assert_eq!(is_valid(bytes, step), valid, "{bytes:?} by {step}");
            }
        }
    }
}
