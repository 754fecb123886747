//! Places, gaps and the order in which a race is listed.

use std::collections::HashMap;

use super::{Bib, CatId, Hundredths, ResultStatus, RowId};

/// What decides about one participant's place.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    /// Orders those who share a rank.
    pub bib: Option<&'a Bib>,
    /// Orders those whose bibs are equal.
    pub row_id: &'a RowId,
    /// Age category.
    pub cat_id: Option<&'a CatId>,
    /// What is ranked by; nothing without it.
    pub total: Option<Hundredths>,
    /// Nobody with a status is ranked.
    pub status: Option<&'a ResultStatus>,
    /// What decides between equal totals: the smaller one is better, none is worst.
    pub tie: Tie,
    /// The places that the export gives for what is listed.
    pub given: Given,
}

/// What decides between equal totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The export's rank, which knows more than totals; whoever has none shares the rank of the one before.
    Exported(Option<u32>),
    /// The total of the other run.
    OtherRun(Option<Hundredths>),
}

/// Places as the export has them; nothing where they are not of what is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// In the list.
    pub rank: Option<u32>,
    /// In the category.
    pub category_rank: Option<u32>,
}

/// How places come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// By totals; as the export has them when it has one for everybody who can be ranked.
    Totals,
    /// As the export has them, also for those without a total; nobody has a gap.
    Given,
}

impl Contender<'_> {
    fn ranked_total(&self) -> Option<Hundredths> {
        self.total.filter(|_| self.status.is_none())
    }

    /// Those who started and have no result, then DNS, then those still to come.
    fn group(&self) -> u8 {
        match self.status {
            Some(status) if status.is_dns() => 1,
            Some(_) => 0,
            None => 2,
        }
    }

    /// The order of everybody with the same rank.
    fn stable(&self) -> (bool, Option<&Bib>, &RowId) {
        (self.bib.is_none(), self.bib, self.row_id)
    }
}

/// A place among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// 1 for the best; whoever is equal shares it and the next ones are skipped.
    pub rank: u32,
    /// [`Hundredths::behind`] the first; nothing where it would be negative.
    pub behind: Option<String>,
}

/// One line of the list: who stands there, and with which places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Index into the contenders that were ranked.
    pub index: usize,
    /// Place in the race.
    pub overall: Option<Place>,
    /// Place in the category.
    pub in_category: Option<Place>,
}

/// What places are handed out by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merit {
    Total(Option<Hundredths>, Tie),
    Given(u32),
}

impl Merit {
    /// Whether the one who comes next shares the place.
    fn shares_with(self, next: Self) -> bool {
        match (self, next) {
            (Self::Total(total, tie), Self::Total(next_total, next_tie)) => {
                let undecided = next_tie == Tie::Exported(None);
                total == next_total && (undecided || tie == next_tie)
            }
            _ => self == next,
        }
    }
}

/// Hands out places in order.
#[derive(Default)]
struct Counter {
    count: u32,
    last: Option<(Merit, u32)>,
}

impl Counter {
    fn rank(&mut self, merit: Merit) -> u32 {
        self.count += 1;
        let rank = match self.last {
            Some((last, rank)) if last.shares_with(merit) => rank,
            _ => self.count,
        };
        self.last = Some((merit, rank));
        rank
    }
}

/// None is worst.
fn tie_order(tie: Tie) -> u32 {
    match tie {
        Tie::Exported(rank) => rank.unwrap_or(u32::MAX),
        Tie::OtherRun(total) => total.map_or(u32::MAX, Hundredths::get),
    }
}

/// Ranks a race and puts it in the order in which it is listed.
pub fn rank(contenders: &[Contender<'_>], rule: Rule) -> Vec<Standing> {
    let ranks = match rule {
        Rule::Given => contenders.iter().map(|c| as_given(c.given)).collect(),
        Rule::Totals => by_totals(contenders, is_given(contenders)),
    };
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    order.sort_by_key(|&index| {
        let (contender, (rank, _)) = (&contenders[index], ranks[index]);
        let group = rank.map_or_else(|| contender.group(), |_| 0);
        (rank.is_none(), rank, group, contender.stable())
    });
    let leaders = Leaders::of(contenders, &ranks, &order);
    let standing = |index: usize| {
        let (contender, (rank, category_rank)) = (&contenders[index], ranks[index]);
        let behind = |leader: Option<Hundredths>| match rule {
            Rule::Given => None,
            Rule::Totals => contender.ranked_total()?.behind(leader?),
        };
        let leader_in_category = contender.cat_id.and_then(|id| leaders.in_category.get(id));
        Standing {
            index,
            overall: rank.map(|rank| Place {
                rank,
                behind: behind(leaders.overall),
            }),
            in_category: category_rank.map(|rank| Place {
                rank,
                behind: behind(leader_in_category.copied()),
            }),
        }
    };
    order.into_iter().map(standing).collect()
}

/// Rank and category rank of one contender.
type Ranks = (Option<u32>, Option<u32>);

fn as_given(given: Given) -> Ranks {
    (given.rank, given.category_rank)
}

/// Whether the export ranks everybody who can be ranked.
pub fn is_given(contenders: &[Contender<'_>]) -> bool {
    let mut ranked = contenders.iter().filter(|c| c.ranked_total().is_some());
    ranked.all(|contender| contender.given.rank.is_some())
}

fn by_totals(contenders: &[Contender<'_>], given: bool) -> Vec<Ranks> {
    let mut ranked: Vec<usize> = (0..contenders.len())
        .filter(|&index| contenders[index].ranked_total().is_some())
        .collect();
    ranked.sort_by_key(|&index| {
        let contender = &contenders[index];
        let rank = contender.given.rank.filter(|_| given);
        let total = contender.ranked_total();
        (rank, total, tie_order(contender.tie), contender.stable())
    });
    let has_category_rank = |&index: &usize| {
        let contender = &contenders[index];
        contender.cat_id.is_none() || contender.given.category_rank.is_some()
    };
    let categories_given = given && ranked.iter().all(has_category_rank);
    let mut ranks = vec![(None, None); contenders.len()];
    let mut overall = Counter::default();
    let mut by_category: HashMap<&CatId, Counter> = HashMap::new();
    for index in ranked {
        let contender = &contenders[index];
        let merit = match contender.given.rank.filter(|_| given) {
            Some(rank) => Merit::Given(rank),
            None => Merit::Total(contender.ranked_total(), contender.tie),
        };
        let rank = overall.rank(merit);
        let category_rank = contender
            .cat_id
            .filter(|_| !categories_given)
            .map(|cat_id| by_category.entry(cat_id).or_default().rank(merit))
            // Those that the export has, or of a category that only it knows of.
            .or(contender.given.category_rank);
        let rank = contender.given.rank.filter(|_| given).unwrap_or(rank);
        ranks[index] = (Some(rank), category_rank);
    }
    ranks
}

/// Totals of those who stand first.
struct Leaders<'a> {
    overall: Option<Hundredths>,
    in_category: HashMap<&'a CatId, Hundredths>,
}

impl<'a> Leaders<'a> {
    fn of(contenders: &[Contender<'a>], ranks: &[Ranks], order: &[usize]) -> Self {
        let total = |index: usize| contenders[index].ranked_total();
        let overall = order.first().and_then(|&index| total(index));
        let mut best: HashMap<&CatId, (u32, Hundredths)> = HashMap::new();
        for &index in order {
            let place = (contenders[index].cat_id, ranks[index].1, total(index));
            if let (Some(cat_id), Some(rank), Some(total)) = place {
                let leader = best.entry(cat_id).or_insert((rank, total));
                if rank < leader.0 {
                    *leader = (rank, total);
                }
            }
        }
        Self {
            overall,
            in_category: best
                .into_iter()
                .map(|(cat_id, (_, total))| (cat_id, total))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
