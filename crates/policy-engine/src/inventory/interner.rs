//! Values that recur from record to record, each kept once and known by a number.

use std::collections::HashMap;
use std::hash::Hash;

/// Numbers for values, given back when nothing uses the value any more, so that the number of
/// values bounds the numbers.
#[derive(Clone, Debug)]
pub(crate) struct Interner<T> {
    numbers: HashMap<T, u32>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    /// Nothing in a free slot.
    value: Option<T>,
    uses: usize,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The number of a value, used once more; nothing if it is a new one and there are `limit`
    /// already.
    pub(crate) fn acquire(&mut self, value: T, limit: usize) -> Option<u32> {
        if let Some(&number) = self.numbers.get(&value) {
            if let Some(slot) = self.slot_mut(number) {
                slot.uses += 1;
            }
            return Some(number);
        }
        if self.numbers.len() >= limit {
            return None;
        }
        let slot = Slot {
            value: Some(value.clone()),
            uses: 1,
        };
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(free) = self.slot_mut(number) {
                    *free = slot;
                }
                number
            }
            None => {
                let number = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(slot);
                number
            }
        };
        self.numbers.insert(value, number);
        Some(number)
    }

    /// One use less.
    pub(crate) fn release(&mut self, number: u32) {
        let Some(slot) = self.slot_mut(number) else {
            return;
        };
        slot.uses = slot.uses.saturating_sub(1);
        if slot.uses == 0
            && let Some(value) = slot.value.take()
        {
            self.numbers.remove(&value);
            self.free.push(number);
        }
    }

    /// How many numbers there have been at once, free ones included: all numbers are less.
    pub(crate) fn numbers_end(&self) -> usize {
        self.slots.len()
    }

    /// The value of a number that is in use.
    pub(crate) fn value(&self, number: u32) -> Option<&T> {
        self.slot(number)?.value.as_ref()
    }

    /// How many use it.
    pub(crate) fn uses(&self, number: u32) -> usize {
        self.slot(number).map_or(0, |slot| slot.uses)
    }

    /// All values that are in use, and their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(number, slot)| Some((number, slot.value.as_ref()?)))
    }

    fn slot(&self, number: u32) -> Option<&Slot<T>> {
        self.slots.get(usize::try_from(number).ok()?)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot<T>> {
        self.slots.get_mut(usize::try_from(number).ok()?)
    }
}
