"""What a sentence wants, as ordered cues on its skeleton: the first that matches, and whose `unless` does not, decides."""

from bot.nlu.cues import deals, people, plain, questions
from bot.nlu.cues.cue import Cue

CUES: tuple[Cue, ...] = (
    *plain.PLAIN, *questions.OF_FIGURES, *people.PLANS, *people.RECORDS, *deals.MOVES, *deals.MONEY, *questions.OF_RECORDS, *plain.EVERYDAY,
)  # fmt: skip
