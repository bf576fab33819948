Profile: CpIsEncounter
Parent: Encounter
Id: CpIs-Encounter
Title: "Attendance"
Description: """
That a person attended: when, where and in which setting. Nothing clinical.

| Setting (`type`) | Usual class (`class`) | Counted as frequent attendance |
|---|---|---|
| `emergency-department` | `EMER` | yes |
| `urgent-treatment-centre` | `EMER`, `AMB` | yes |
| `walk-in-centre` | `AMB` | yes |
| `out-of-hours-gp` | `AMB`, `HH`, `VR` | no |
| `ambulance` | `FLD` | no |
| `nhs-111` | `VR` | no |
| `maternity` | `AMB`, `IMP`, `HH` | no |
| `ward` | `IMP`, `ACUTE`, `SS` | no |

A second `type` may give the category: `first-attendance`, `unplanned-follow-up`, `unplanned-follow-up-elsewhere` or
`planned-follow-up`. Planned follow-ups are not counted, nor what is cancelled or entered in error. The setting
decides, not the class.
"""
* insert Closed
* insert NoExtension
* obeys cpis-closed-1 and cpis-attendance-1
* identifier 1..1
* identifier ^short = "The EPR's own number of the encounter, unique in its system"
* identifier.system 1..1
* identifier.system ^maxLength = 200
* identifier.value 1..1
* identifier.value ^maxLength = 64
* identifier.value obeys cpis-text-1
* insert PlainIdentifier(identifier)
* status from CpIsAttendanceStatus (required)
* statusHistory 0..0
* class from CpIsAttendanceClass (required)
* class.system 1..1
* class.code 1..1
* classHistory 0..0
* type 1..2
* type from CpIsAttendanceType (required)
* type.coding 1..1
* type.coding.system 1..1
* type.coding.code 1..1
* type.text 0..0
* serviceType 0..0
* priority 0..0
* insert PersonReference(subject)
* episodeOfCare 0..0
* basedOn 0..0
* participant 0..0
* appointment 0..0
* period 1..1
* period.start 1..1
* period.start obeys cpis-time-1
* period.end obeys cpis-time-1
* length 0..0
* reasonCode 0..0
* reasonReference 0..0
* diagnosis 0..0
* account 0..0
* hospitalization 0..0
* location 0..0
* insert CouncilReference(serviceProvider)
* serviceProvider ^short = "The reporting organisation; filled in when absent"
* partOf 0..0
