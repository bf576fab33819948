ValueSet: CpIsPlanKind
Id: CpIs-PlanKind
Title: "Plan kind"
Description: "The three kinds of plan that councils share with health."
* ^experimental = false
* $SCT#342191000000101 "Subject to child protection plan"
* $SCT#764841000000100 "Looked after child"
* $SCT#818901000000100 "Unborn child subject to child protection plan"
