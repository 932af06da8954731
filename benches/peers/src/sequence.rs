//! Numbers that look random and are the same in every run.

/// A generator for test data; not for anything where guessing matters.
pub(crate) struct Sequence {
    state: u64,
}

impl Sequence {
    /// The sequence of this number.
    pub(crate) fn new(number: u64) -> Self {
        Self { state: number }
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // A linear congruential generator with Knuth's factor; its low bits repeat too soon.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % limit
    }

    /// One of a list.
    pub(crate) fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        let at = self.below(list.len() as u64);
        list[usize::try_from(at).expect("a place in a list")]
    }

    /// As many different ones of a list, in the order of the list.
    pub(crate) fn some_of<T: Copy>(&mut self, count: usize, list: &[T]) -> Vec<T> {
        let mut chosen: Vec<T> = list.to_vec();
        while chosen.len() > count {
            let at = self.below(chosen.len() as u64);
            chosen.remove(usize::try_from(at).expect("a place in a list"));
        }
        chosen
    }
}
