//! Input that a fuzzer found interesting or that once broke something, and random damage to it.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::Index};
use system_tests::fuzzed;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [
    ("export", fuzzed::export),
    ("bodies", fuzzed::bodies),
    ("frames", fuzzed::frames),
    ("handshake", fuzzed::handshake),
];

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let files = fs::read_dir(folder).expect("the corpus is in the repository");
    files
        .map(|file| fs::read(file.expect("a file").path()).expect("readable"))
        .collect()
}

#[test]
fn the_corpus_breaks_nothing() {
    for (target, run) in TARGETS {
        let inputs = corpus(target);
        assert!(!inputs.is_empty());
        for input in inputs {
            run(&input);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_breaks_nothing(
        pick in any::<Index>(),
        cut in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..8),
    ) {
        for (target, run) in TARGETS {
            let inputs = corpus(target);
            let mut input = pick.get(&inputs).clone();
            for (at, byte) in &changes {
                let at = at.index(input.len());
                input[at] = *byte;
            }
            run(&input);
            input.truncate(cut.index(input.len()));
            run(&input);
        }
    }
}
