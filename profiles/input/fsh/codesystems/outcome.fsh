CodeSystem: CpIsOutcome
Id: cpis-outcome
Title: "Outcome"
Description: "What the service says beside, or instead of, an answer."
* ^experimental = false
* ^caseSensitive = true
* #NO_RECORD_HELD "No record is held for this NHS number"
* #IDENTITY_DIFFERS "The person sent differs from the person held"
* #NUMBER_SUPERSEDED "The NHS number replaces another or is replaced by it; what is held under either is in the answer"
* #NOT_HELD "No plan is visible for this person, so nothing was kept"
* #FRESHNESS "When the councils whose plans are shown last sent anything"
* #LOOK_UP_MOTHER "Unborn plans are held under the mother's number"
* #UNSCHEDULED "Recorded as an unscheduled access"
* #SCHEDULED "Recorded as a scheduled look-up"

CodeSystem: CpIsMeasure
Id: cpis-measure
Title: "Measure"
Description: "What the service computes."
* ^experimental = false
* ^caseSensitive = true
* #unscheduled-attendance-count "Unscheduled attendances in the window of a rule"
