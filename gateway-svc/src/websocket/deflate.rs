//! `permessage-deflate` (RFC 7692), so that one compressed message serves many connections: it refers to
//! nothing before it, or only to the messages just before it, which those who are in step have received.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};

/// Shorter messages go as they are: deflate rarely wins over its own overhead.
pub const DEFLATED_BYTES_MIN: usize = 96;
/// How far back a message may refer: the window of 15 bits that we agree on.
pub const WINDOW_BYTES: usize = 32 << 10;
/// What a sync flush ends with, and what a message leaves out (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// On a race's messages 9 saves 1 to 2 % more bytes than 6, and 1 costs 10 to 30 % more.
const LEVEL: u32 = 6;

thread_local! {
    /// Some 260 KiB, made once for each thread that compresses.
    static COMPRESS: RefCell<Compress> =
        RefCell::new(Compress::new(Compression::new(LEVEL), false));
}

/// A message's payload compressed, for connections whose latest compressed messages ended with `before`;
/// empty for all others. `None` where it should go as it is.
pub fn deflated(payload: &[u8], before: &[u8]) -> Option<Vec<u8>> {
    if payload.len() < DEFLATED_BYTES_MIN {
        return None;
    }
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let window = &before[before.len().saturating_sub(WINDOW_BYTES)..];
        if !window.is_empty() {
            compress.set_dictionary(window).ok()?;
        }
        let mut out = Vec::with_capacity(payload.len() / 2 + 64);
        loop {
            let read = usize::try_from(compress.total_in()).ok()?;
            let flush = FlushCompress::Sync;
            let status = compress.compress_vec(&payload[read..], &mut out, flush);
            // A flush is complete only when it leaves room.
            if status.ok()? == Status::Ok && out.len() < out.capacity() {
                break;
            }
            out.reserve(payload.len());
        }
        let length = out.strip_suffix(&TAIL)?.len();
        out.truncate(length);
        out.shrink_to_fit();
        Some(out)
    })
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::{DEFLATED_BYTES_MIN, TAIL, deflated};

    /// What a client reads who has kept its window.
    fn inflated(inflate: &mut Decompress, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(100_000);
        let bytes = [payload, &TAIL].concat();
        let done = inflate.decompress_vec(&bytes, &mut out, FlushDecompress::Sync);
        done.expect("it can be inflated");
        out
    }

    fn message(number: usize) -> Vec<u8> {
        let boat = |bib: usize| {
            format!(
                r#"{{"bib":{bib},"time":{},"gates":[0,0,2]}}"#,
                bib * 37 + number
            )
        };
        let boats: Vec<String> = (0..9).map(boat).collect();
        let boats = boats.join(",");
        format!(r#"{{"seq":{number},"boats":[{boats}]}}"#).into_bytes()
    }

    #[test]
    fn a_message_by_itself_needs_no_other() {
        for number in 0..3 {
            let small = deflated(&message(number), &[]).expect("it is long enough");
            assert!(small.len() * 2 < message(number).len());
            let read = inflated(&mut Decompress::new(false), &small);
            assert_eq!(read, message(number));
        }
    }

    #[test]
    fn one_that_refers_back_is_smaller_and_needs_the_one_before_it_however_that_came() {
        let (first, second) = (message(1), message(2));
        let alone = deflated(&second, &[]).expect("it is long enough");
        let after = deflated(&second, &first).expect("it is long enough");
        assert!(
            after.len() * 2 < alone.len(),
            "{} {}",
            after.len(),
            alone.len()
        );
        for before in [deflated(&first, &[]), deflated(&first, &message(0))] {
            let mut inflate = Decompress::new(false);
            inflated(
                &mut inflate,
                &deflated(&message(0), &[]).expect("long enough"),
            );
            inflated(&mut inflate, &before.expect("it is long enough"));
            assert_eq!(inflated(&mut inflate, &after), second);
        }
    }

    #[test]
    fn what_is_short_goes_as_it_is_and_noise_of_any_length_survives() {
        assert_eq!(deflated(&[b'x'; DEFLATED_BYTES_MIN - 1], &[]), None);
        let mut noise = 1_u32;
        let noise: Vec<u8> = (0..70_000)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                noise.to_be_bytes()[0]
            })
            .collect();
        for length in [DEFLATED_BYTES_MIN, 1_000, 70_000] {
            let payload = deflated(&noise[..length], &[]).expect("it is long enough");
            let read = inflated(&mut Decompress::new(false), &payload);
            assert_eq!(read, &noise[..length]);
        }
    }
}
