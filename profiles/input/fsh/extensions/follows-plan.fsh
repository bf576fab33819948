Extension: CpIsFollowsPlan
Id: Extension-CpIs-FollowsPlan
Title: "Unborn plan followed"
Description: "The identifier of the unborn child plan that this plan takes over. That plan ends in the same commit."
Context: EpisodeOfCare
* extension 0..0
* value[x] only Identifier
* value[x] 1..1
* valueIdentifier obeys cpis-plan-1
* valueIdentifier.system 1..1
* valueIdentifier.value 1..1
* valueIdentifier.value ^maxLength = 64
* insert PlainIdentifier(valueIdentifier)
