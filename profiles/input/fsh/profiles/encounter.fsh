Profile: CpIsEncounter
Parent: Encounter
Id: CpIs-Encounter
Title: "Attendance"
Description: "That a person attended: when, where and in which setting. Nothing clinical."
* insert Closed
* insert NoExtension
* obeys cpis-closed-1
* identifier 0..1
* identifier.system 1..1
* identifier.value 1..1
* identifier.value ^maxLength = 64
* insert PlainIdentifier(identifier)
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
* length 0..0
* reasonCode 0..0
* reasonReference 0..0
* diagnosis 0..0
* account 0..0
* hospitalization 0..0
* location 0..0
* insert CouncilReference(serviceProvider)
* partOf 0..0
