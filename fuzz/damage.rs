//! Bytes damaged at random, the same in every run. The stable twins of the targets share it.

/// Most damages of one input.
const MOST_DAMAGES: usize = 4;

/// Numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let end = u64::try_from(end.max(1)).expect("a length");
        usize::try_from((mixed ^ (mixed >> 31)) % end).expect("below a length")
    }
}

/// One of `inputs`, damaged once or more; which and how is in `seed`.
pub(crate) fn damaged(inputs: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut bytes = inputs[dice.below(inputs.len())].clone();
    let other = &inputs[dice.below(inputs.len())];
    for _ in 0..=dice.below(MOST_DAMAGES) {
        damage(&mut bytes, other, &mut dice);
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let until = at + dice.below(bytes.len() - at + 1);
    match dice.below(6) {
        0 => bytes.truncate(at),
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        2 => drop(bytes.drain(at..until)),
        3 => {
            let again = bytes[at..until].to_vec();
            bytes.splice(at..at, again);
        }
        4 => {
            let from = dice.below(other.len() + 1);
            let to = from + dice.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => bytes.insert(at, u8::try_from(dice.below(256)).expect("a byte")),
    }
}
