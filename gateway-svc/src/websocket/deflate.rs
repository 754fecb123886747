//! `permessage-deflate` without context takeover (RFC 7692): each message is compressed by itself, so
//! that one compressed frame serves every spectator of a room.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress};

/// Below this many bytes deflate rarely wins over its own overhead.
const DEFLATED_BYTES_MIN: usize = 96;
/// What a sync flush ends with, and what a message leaves out (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// `deploy/bench` shows what levels cost and gain on a race's messages.
const LEVEL: u32 = 6;

thread_local! {
    /// Some 260 KiB, made once for each thread that compresses.
    static COMPRESS: RefCell<Compress> =
        RefCell::new(Compress::new(Compression::new(LEVEL), false));
}

/// A message's payload compressed; `None` where that would not make it smaller.
pub fn deflated(payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() < DEFLATED_BYTES_MIN {
        return None;
    }
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        // What does not fit into the payload's own length is of no use.
        let mut out = Vec::with_capacity(payload.len());
        compress
            .compress_vec(payload, &mut out, FlushCompress::Sync)
            .ok()?;
        let whole = usize::try_from(compress.total_in()) == Ok(payload.len());
        let length = out.strip_suffix(&TAIL)?.len();
        out.truncate(length);
        out.shrink_to_fit();
        whole.then_some(out)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{TAIL, deflated};

    fn inflated(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.extend(TAIL);
        // The end of the stream is never there: each message ends with a flush.
        let mut all = Vec::new();
        let mut decoder = flate2::read::DeflateDecoder::new(&bytes[..]);
        let mut buffer = [0; 1000];
        while let Ok(count @ 1..) = decoder.read(&mut buffer) {
            all.extend(&buffer[..count]);
        }
        all
    }

    #[test]
    fn every_message_can_be_read_without_those_before_it() {
        for number in 0..3 {
            let message = format!(r#"{{"seq":{number},"rows":[{}]}}"#, "1,2,3,".repeat(400));
            let small = deflated(message.as_bytes()).expect("it shrinks");
            assert!(small.len() * 10 < message.len());
            assert_eq!(inflated(small), message.as_bytes());
        }
    }

    #[test]
    fn what_does_not_shrink_stays_as_it_is() {
        assert_eq!(deflated(br#"{"type":"refresh","seq":1}"#), None);
        let mut noise = 1_u32;
        let noise: Vec<u8> = (0..5_000)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                noise.to_be_bytes()[0]
            })
            .collect();
        assert_eq!(deflated(&noise), None);
    }
}
